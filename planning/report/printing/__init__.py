"""
What is printed: the report and the hearing sheets, as PDF and as a Word file.

``blocks`` says what a document holds, ``paper`` what stands on every page, ``pdf`` and ``word`` render it; ``page`` reads the
report's page as blocks, ``drawings`` makes figures of its maps and charts, ``fonts`` finds a font that has Chinese.
"""
