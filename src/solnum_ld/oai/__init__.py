"""OAI-PMH 2.0: records of a release for harvesters that come back for what has changed (openarchives.org, 2002)."""
