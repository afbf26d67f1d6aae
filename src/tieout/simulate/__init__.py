"""The hostile world: a seeded distributor and all its partners in real wire formats, faults with the truth about each, and a grader.

How a drill runs, and where each step lives:

    story      what truly happens to an order, and what every partner will say about it: a *plan* of *papers* (`paper`)
    faults/    one file a family; a fault changes the papers of a plan and says what should come of it (`truth`)
    world      day after day: plans, faults, and the papers in the order of their arrival
    partners/  one file a wire format: papers become files (`wire` damages bytes on the way)
    drill      the files go through the ordinary intake, slice by slice; `comparison` looks at the ledger after each
    auditor    the same papers by the rules of `rules` and the arithmetic of `residual`: what must stand open, since when, how much
    grade      ledger against truth and auditor, kind by kind

Some plans are not about one order: a marketplace's settlement (`settling`), an EDI customer's payment run (`remitting`) or invoice of the
week (`collective`), a purchase (`buying`), a day of a warehouse's stock (`stocking`), and a feed that falls silent (`world`).

To add a partner: a module in `partners/` with `SYSTEMS` and `write(papers, at)`; a step in `story` (or a file beside it) that makes
its papers; the system and, if its format needs one, a mapping in `project/`; the kind of paper in the tables of `rules` (what it
moves, who owes what, `TYPES`) and the system in `auditor.SYSTEMS`. To add a fault: see docs/how-to/add-a-fault.md.

Time is the world's own (`clock`), chance has a stream for every name (`chance`); nothing here reads a clock or a global random
number, so the same seed always gives the same world. Only `drill`, `observed` and what serves HTTP touch the outside, and nothing here
uses the ledger's posting or judging code: an import contract checks it.
"""
