"""What the portal shows of a file in the page, derived from its bytes and never those themselves.

Nothing here knows of requests. :mod:`shown` says what a page shows of one file, :mod:`keeping`
keeps what was made, :mod:`making` makes it, in a process of its own where that is heavy.

This package imports nothing itself: the process that makes a preview starts in a moment.
"""
