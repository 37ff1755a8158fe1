"""From a source folder to an immutable, validated release on disk."""
