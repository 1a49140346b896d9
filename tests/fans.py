"""Thin triangles across each other: footprints that are small to write and dear to unite."""

import numpy as np

from pipeline.model.footprint import MultiPolygon


def fan(number: int) -> MultiPolygon:
    """Triangles 6° long and 0.003° wide, turned about one place by equal angles; each is valid."""
    triangles = []
    for angle in np.pi * np.arange(number) / number:
        along = 3.0 * np.array([np.cos(angle), np.sin(angle)])
        across = 0.001 * np.array([-along[1], along[0]])
        here = np.array([37.0, 48.0])
        corners = [here - along, here + along, here + along + across, here - along]
        triangles.append([[corner.tolist() for corner in corners]])
    return MultiPolygon(triangles)
