"""The paper's experiments: `tasks` says how each is built, `reproduce` trains, measures and tables them.

Not needed for models of your own. A departure from the paper is named in its task. May import everything but live,
course and cli.
"""
