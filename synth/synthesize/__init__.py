"""Methods by which a model writes training data from documents and rows: one function each, all of one shape.

    made = METHOD(rows or documents, generator, [scorer,] options, seed)

Each returns `synth.synthesised.Synthesised`: what was verified, a ledger row for every other request, a report.
"""
