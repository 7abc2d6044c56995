"""Official papers as docx and PDF by GB/T 9704-2012, from facts and templates (§9.5.8).

:mod:`producing` is what pages call. It makes a paper in a process of its own
(:mod:`making`, which holds nothing of the application), whoever wrote the template.

This package imports nothing itself: that process starts in a moment.
"""
