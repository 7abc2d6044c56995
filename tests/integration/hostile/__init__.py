"""Requests and files that mean harm, and what the portal answers to each: one table of rows.

test_hostile.py sends each through the real client and looks at the answer, at every row of the
database and at the file store; test_hostile_sockets.py does the same with what no client sends.
"""
