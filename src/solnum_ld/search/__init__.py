"""The index for people that a release carries (``pages.sqlite``): full text, list pages, positions. Built once, then read."""
