"""The map: outlines of the French départements, and where points stand on them. Pure: coordinates in, drawing out."""
