"""Reading the workbooks that people send back: .xlsx, .xls and .csv, from WPS or Excel.

:mod:`reading` calls :func:`child.main` in a process of its own, under limits of time and memory:
a workbook made up to hurt ends that process and nothing else.

This package imports nothing itself, so that this process starts in a moment.
"""
