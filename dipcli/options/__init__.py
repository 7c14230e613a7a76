"""Every knob, declared once: name, meaning, range and default.

A command turns each field into a flag of the same name; the record of a run is `asdict` of the same objects.
"""
