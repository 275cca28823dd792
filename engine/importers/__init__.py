"""Other programs' filters -> our rules. Pure: text in, a rule file and the list of what was left out.

`gmail`, `thunderbird` and `sieve` each read one kind of file into steps (`engine/importers/step.py`);
`engine/importers/assemble.py` makes rules of the steps that tell somebody or that silence later ones. A condition is
converted whole or not at all: no rule may match more than its filter did.
"""
