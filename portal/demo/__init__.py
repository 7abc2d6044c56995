"""Demonstration data: the programme of 2020 on its way, with invented people."""
