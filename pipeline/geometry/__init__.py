"""Places in metres on the ellipsoid: lines, zones, footprints. Arrays in, arrays out; no I/O.

Longitudes and latitudes are WGS 84 degrees; lengths are metres.
"""
