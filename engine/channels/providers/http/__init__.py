"""Any provider that is reached by one HTTP request, described in engine.yaml: no code has to be written.

`settings.py` is how it is written, `template.py` what may stand in braces, `answers.py` how a reply is read,
`reports.py` how a delivery report is read, `driver.py` the provider.
"""
