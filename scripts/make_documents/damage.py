"""Printing, paper and camera effects on page images.

Images are RGB floats in 0..1, masks floats in 0..1 (1 is ink). Every effect takes its randomness from the generator
it is given, so a document looks the same on every run.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Image = NDArray[Any]
Rng = np.random.Generator
Colour = tuple[float, float, float]


def f32(values: ArrayLike) -> Image:
    return np.asarray(values, np.float32)


def smooth_noise(size: tuple[int, int], rng: Rng, grain: tuple[float, float]) -> Image:
    """Noise of mean 0 and deviation 1 whose blobs are about `grain` (rows, columns) pixels large."""
    height, width = size
    rows, columns = max(2, round(height / grain[0])), max(2, round(width / grain[1]))
    coarse = rng.standard_normal((rows + 1, columns + 1)).astype(np.float32)
    noise = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return (noise - noise.mean()) / (noise.std() + 1e-6)


def ink_of(page: Image) -> Image:
    """How dark each pixel of a rendered page is."""
    return 1 - cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)


def crop_to_content(ink: Image, margin: int) -> Image:
    """Cut the empty end of a receipt, as the till does."""
    rows = np.flatnonzero(ink.max(axis=1) > 0.5)
    return ink[max(0, rows[0] - margin) : rows[-1] + margin]


def paper(size: tuple[int, int], rng: Rng, tint: Colour, roughness: float = 1.0) -> Image:
    """Blank paper with fibres and slightly uneven tone."""
    tone = 0.006 * smooth_noise(size, rng, (2, 3)) + 0.008 * smooth_noise(size, rng, (size[0] / 4, size[1] / 4))
    return f32(tint) * (1 + roughness * tone)[..., None]


def print_on(sheet: Image, ink: Image, colour: Colour) -> Image:
    return sheet * (1 - ink[..., None]) + f32(colour) * ink[..., None]


def thermal_dots(ink: Image, rng: Rng, factor: float, *, threshold: float = 0.45, wear: float = 0.0) -> Image:
    """Ink as a thermal head burns it: on or off per dot, uneven from row to row, some dots of the head weak.

    `ink` has one pixel per dot; the result is `factor` times larger. `wear` in 0..1 makes the head worse.
    """
    dots = (ink > threshold).astype(np.float32)
    rows = 1 - 0.05 * np.abs(smooth_noise((dots.shape[0], 1), rng, (3, 1)))
    columns = np.ones((1, dots.shape[1]), np.float32)
    columns[:, rng.random(dots.shape[1]) < 0.03 * wear] = 0.35
    dots *= rows * columns
    large = cv2.resize(dots, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    large = cv2.GaussianBlur(large, (0, 0), 0.33 * factor)
    large *= 1 - 0.07 * np.abs(smooth_noise(large.shape, rng, (2, 2)))
    return np.clip(large * 1.25, 0, 1)


def needle_dots(ink: Image, rng: Rng, pitch: int) -> Image:
    """Ink of an impact printer: every pixel of the font becomes one round, slightly misplaced dot."""
    out = np.zeros((ink.shape[0] * pitch, ink.shape[1] * pitch), np.float32)
    ribbon = 0.62 + 0.17 * smooth_noise(ink.shape, rng, (50, 30)) + 0.10 * rng.standard_normal(ink.shape)
    # Each of the needles, one for each row of a character, has its own sideways play.
    play = rng.normal(0, 0.12, 18)
    for row, column in np.argwhere(ink > 0.5):
        x = (column + 0.5 + play[row % 18] + rng.normal(0, 0.05)) * pitch
        y = (row + 0.5 + rng.normal(0, 0.05)) * pitch
        shade = float(np.clip(ribbon[row, column], 0.12, 0.95))
        centre = (round(x * 16), round(y * 16))
        cv2.circle(out, centre, round(0.56 * pitch * 16), shade, -1, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(out, (0, 0), 0.18 * pitch)


def fade(ink: Image, rng: Rng, keep: float, spread: float) -> Image:
    """Ink that heat and light have taken in patches; `keep` is what is left on average."""
    patches = smooth_noise(ink.shape, rng, (ink.shape[0] / 5, ink.shape[1] / 2.5))
    streaks = smooth_noise((1, ink.shape[1]), rng, (1, 9))
    left = np.clip(keep + spread * patches + 0.22 * spread * streaks, 0.08, 1)
    return ink * left


def _facets(size: tuple[int, int], rng: Rng, cell: float) -> tuple[Image, Image]:
    """Slopes (down, right) of a surface of flat triangles about `cell` pixels large that meet in sharp creases."""
    rows, columns = max(2, round(size[0] / cell)), max(2, round(size[1] / cell))
    y, x = np.mgrid[-1 : rows + 2, -1 : columns + 2].astype(np.float32)
    y = (y + rng.uniform(-0.42, 0.42, y.shape)) * size[0] / rows
    x = (x + rng.uniform(-0.42, 0.42, x.shape)) * size[1] / columns
    z = rng.standard_normal(y.shape) * cell * 0.35
    slopes = np.zeros((*size, 2), np.float32)
    for i, j in np.ndindex(y.shape[0] - 1, y.shape[1] - 1):
        a, b, c, e = (i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j)
        for corners in ((a, b, c), (a, c, e)) if rng.random() < 0.5 else ((a, b, e), (b, c, e)):
            points = np.array([(y[k], x[k], z[k]) for k in corners])
            edges = points[1:, :2] - points[0, :2]
            down, right = np.linalg.solve(edges, points[1:, 2] - points[0, 2])
            cv2.fillConvexPoly(slopes, np.round(points[:, 1::-1]).astype(np.int32), (float(down), float(right)))
    return slopes[..., 0], slopes[..., 1]


def crumple(image: Image, rng: Rng, cell: float, strength: float) -> Image:
    """Paper that was balled up and smoothed: facets of two sizes catch the light, creases bend the lines of text."""
    size = image.shape[:2]
    light = np.zeros(size, np.float32)
    shift_y, shift_x = np.zeros(size, np.float32), np.zeros(size, np.float32)
    crease = np.zeros(size, np.float32)
    for scale, share in ((1.0, 1.0), (0.45, 0.6), (0.2, 0.3)):
        down, right = (np.tanh(slope) for slope in _facets(size, rng, cell * scale))
        # Some creases were pressed flat again: the strength varies over the sheet.
        weight = share * np.clip(0.55 + 0.5 * smooth_noise(size, rng, (cell * 1.4, cell * 1.4)), 0, 1.4)
        tilt = 0.7 * down + 0.7 * right
        soft = cv2.GaussianBlur(tilt, (0, 0), 0.16 * cell * scale)
        light += weight * (0.35 * cv2.GaussianBlur(tilt, (0, 0), 1.5) + 0.65 * soft)
        bend = cv2.GaussianBlur(tilt, (0, 0), 1.1)
        crease += weight * np.clip(np.abs(cv2.Laplacian(bend, cv2.CV_32F)) * 2.2 - 0.12, 0, 1)
        shift_y += weight * cell * scale * 0.036 * cv2.GaussianBlur(down, (0, 0), 0.2 * cell * scale)
        shift_x += weight * cell * scale * 0.036 * cv2.GaussianBlur(right, (0, 0), 0.2 * cell * scale)
    y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    x, y = x + strength * shift_x, y + strength * shift_y
    moved = cv2.remap(image, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    # The thermal layer breaks where the bend is sharp, and dirt settles there.
    broken = np.clip(0.75 * strength * crease, 0, 0.85)[..., None]
    moved = moved * (1 - broken) + f32([0.80, 0.79, 0.77]) * broken
    return moved * (1 + 0.13 * strength * light)[..., None]


def fold_lines(image: Image, rng: Rng, places: list[float]) -> Image:
    """Folds straight across the sheet at the given fractions of its height."""
    height, width = image.shape[:2]
    out = image.copy()
    y = np.arange(height, dtype=np.float32)[:, None]
    for place in places:
        line = place * height + 3 * smooth_noise((1, width), rng, (1, width / 3))
        distance = y - line
        edge = np.exp(-((distance / 2.2) ** 2)) * (0.6 + 0.4 * np.abs(smooth_noise((1, width), rng, (1, 14))))
        shade = np.where(distance > 0, -0.07 * np.exp(-np.abs(distance) / 40), 0.03 * np.exp(-np.abs(distance) / 30))
        out = out * (1 + shade - 0.16 * edge)[..., None] + 0.10 * edge[..., None]
    return out


def coffee_ring(image: Image, rng: Rng, centre: tuple[float, float], radius: float, strength: float) -> Image:
    """The mark of a wet cup. Centre in fractions of the image, radius in pixels."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    dx, dy = x - centre[0] * width, y - centre[1] * height
    turn = ((np.arctan2(dy, dx) / (2 * np.pi) + 1) % 1 * 719).astype(int)
    around = np.tile(rng.standard_normal((1, 720)).astype(np.float32), 3)
    wobble = cv2.GaussianBlur(around, (0, 0), 22)[0, 720:1440]
    wobble /= wobble.std()
    away = np.hypot(dx, dy * 1.03) / radius - 1 - 0.008 * wobble[turn]
    density = np.clip(0.55 + 0.4 * wobble[(turn + 200) % 720], 0.05, 1)
    ring = np.exp(-((away / 0.022) ** 2)) * density + 0.55 * np.exp(-(((away + 0.045) / 0.03) ** 2)) * density
    ring += 0.16 * (away < 0) * np.clip(1 + away * 1.6, 0, 1)
    ring *= 1 + 0.12 * smooth_noise((height, width), rng, (9, 9))
    return image * (1 - strength * np.clip(ring, 0, 1.2)[..., None] * f32([0.30, 0.47, 0.68]))


def grease(image: Image, rng: Rng, spots: list[tuple[float, float, float]]) -> Image:
    """Translucent oil spots at (x, y, radius): x and y in fractions, radius in pixels."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    edge = 0.10 * smooth_noise((height, width), rng, (40, 40))
    out = image
    for cx, cy, radius in spots:
        away = np.hypot(x - cx * width, y - cy * height) / radius + edge
        inside = 1 / (1 + np.exp(np.clip((away - 1) * 18, -50, 50)))
        out = out * (1 - inside[..., None] * f32([0.07, 0.10, 0.19]))
    return out


def stone(size: tuple[int, int], rng: Rng, tint: Colour) -> Image:
    """A polished concrete table top."""
    tone = np.zeros(size, np.float32)
    for grain, weight in ((1.5, 0.020), (4, 0.018), (14, 0.016), (60, 0.020), (240, 0.026), (700, 0.045)):
        tone += weight * smooth_noise(size, rng, (grain, grain))
    pits = np.clip(smooth_noise(size, rng, (4, 4)) - 2.5, 0, 1)
    return f32(tint) * (1 + tone - 0.3 * pits)[..., None]


def wood(size: tuple[int, int], rng: Rng, tint: Colour) -> Image:
    """A table top of wide boards, the grain running upwards."""
    height, width = size
    grain = np.zeros(size, np.float32)
    board_width = width / 2.6
    boards = np.arange(width) + rng.uniform(0, board_width)
    for index in range(int(boards[-1] // board_width) + 1):
        columns = np.flatnonzero((boards // board_width).astype(int) == index)
        if not len(columns):
            continue
        part = (height, len(columns))
        drift = 34 * smooth_noise(part, rng, (height / 2.2, len(columns) / 1.5))
        rings = np.sin((columns[None, :] - columns[0] + drift) / rng.uniform(7, 12))
        fibre = smooth_noise(part, rng, (140, 2.2)) + 0.7 * smooth_noise(part, rng, (46, 1.3))
        pores = np.clip(smooth_noise(part, rng, (30, 1.1)) - 1.5, 0, None)
        grain[:, columns] = 0.30 * rings + 0.42 * fibre - 0.75 * pores + rng.normal(0, 0.9)
        grain[:, columns[:3]] -= 3.4
    grain += 0.5 * smooth_noise(size, rng, (height / 3, width / 3))
    shade = np.clip(1 + 0.075 * cv2.GaussianBlur(grain, (0, 0), 0.8), 0.2, 1.5)[..., None]
    return f32(tint) * f32([1, 1, 1]) * shade ** f32([0.9, 1.05, 1.25])


def lay_down(sheet: Image, table: Image, corners: list[tuple[float, float]], curl: float) -> Image:
    """Put a sheet on a table in perspective.

    `corners` are the four corners (top left, top right, bottom right, bottom left) in fractions of the table; `curl` is
    how far, in pixels of the table, the long edges bow out and the shadow reaches.
    """
    height, width = table.shape[:2]
    h, w = sheet.shape[:2]
    source = f32([[0, 0], [w, 0], [w, h], [0, h]])
    target = f32([[x * width, y * height] for x, y in corners])
    matrix = cv2.getPerspectiveTransform(source, target)
    bent = cv2.warpPerspective(sheet, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(np.ones((h, w), np.float32), matrix, (width, height), flags=cv2.INTER_LINEAR)
    # Softened, or the warp leaves steps along the edge of the sheet.
    mask = np.clip(cv2.GaussianBlur(mask, (0, 0), 1.6) * 1.9 - 0.9, 0, 1)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    bow = curl * np.sin(y / height * 2.6 * np.pi + 0.4)
    lift = 0.6 * curl * np.sin(x / width * 1.7 * np.pi)
    bent = cv2.remap(bent, x + bow, y + lift, cv2.INTER_CUBIC)
    mask = np.clip(cv2.remap(mask, x + bow, y + lift, cv2.INTER_LINEAR), 0, 1)
    wide = cv2.GaussianBlur(mask, (0, 0), 1.6 * curl)
    wide = np.roll(wide, (round(curl), round(1.3 * curl)), (0, 1))
    near = np.roll(cv2.GaussianBlur(mask, (0, 0), 0.3 * curl), (round(0.25 * curl), round(0.3 * curl)), (0, 1))
    ground = table * (1 - 0.38 * wide - 0.30 * near * (1 - wide * 0.5))[..., None]
    # A bowed strip is brighter where it faces the lamp.
    relief = 1 + 0.05 * np.cos(y / height * 2.6 * np.pi + 0.9)
    return ground * (1 - mask[..., None]) + bent * relief[..., None] * mask[..., None]


def lamp(image: Image, centre: tuple[float, float], dim: float, colour: Colour) -> Image:
    """One warm lamp: bright around `centre` (fractions), darker by `dim` in the far corner."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    away = np.hypot(x / width - centre[0], y / height - centre[1])
    return image * (1.06 - dim * np.clip(away, 0, 1.2) ** 1.4)[..., None] * f32(colour)


def hand_shadow(image: Image, outline: list[tuple[float, float]], depth: float, softness: float) -> Image:
    """The shadow of the phone and the hand that holds it: a polygon in fractions, blurred."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.float32)
    cv2.fillPoly(mask, [np.array([(x * width, y * height) for x, y in outline], np.int32)], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), softness)
    return image * (1 - depth * mask[..., None] * f32([1.0, 0.95, 0.86]))


def lens(image: Image, rng: Rng, focus: float, blur: float, shake: float) -> Image:
    """Out of focus away from the row `focus` (fraction), a little camera shake, sensor noise."""
    height = image.shape[0]
    kernel = np.zeros((9, 9), np.float32)
    reach = round(4 + 4 * shake)
    cv2.line(kernel, (8 - reach, 5), (reach, 3), 1.0, 1, cv2.LINE_AA)
    sharp = cv2.GaussianBlur(image, (0, 0), 0.7)
    if shake:
        sharp = cv2.filter2D(sharp, -1, kernel / kernel.sum())
    soft = cv2.GaussianBlur(sharp, (0, 0), blur)
    away = np.abs(np.linspace(0, 1, height, dtype=np.float32) - focus)
    mix = np.clip((away - 0.15) * 1.9, 0, 1)[:, None, None]
    image = sharp * (1 - mix) + soft * mix
    luma = rng.standard_normal(image.shape[:2]).astype(np.float32)[..., None]
    chroma = cv2.GaussianBlur(rng.standard_normal(image.shape).astype(np.float32), (0, 0), 1.2)
    return image + (0.012 * luma + 0.016 * chroma) * (1.3 - image)


def scan(sheet: Image, rng: Rng, degrees: float, bed: Colour, noise: float, margin: int = 0, dust: int = 14) -> Image:
    """A flatbed scan: a turned sheet under the lid, its edge shadow, dust, sensor noise and faint streaks.

    `margin` pixels of the lid are seen on each side; at 0 the corners of the sheet are cut off.
    """
    height, width = sheet.shape[0] + 2 * margin, sheet.shape[1] + 2 * margin
    centre = (sheet.shape[1] / 2, sheet.shape[0] / 2)
    matrix = cv2.getRotationMatrix2D(centre, degrees, 1)
    matrix[:, 2] += margin

    def turn(layer: Image) -> Image:
        return cv2.warpAffine(layer, matrix, (width, height), flags=cv2.INTER_CUBIC)

    mask = np.clip(turn(np.ones(sheet.shape[:2], np.float32)), 0, 1)
    shadow = cv2.GaussianBlur(cv2.warpAffine(mask, f32([[1, 0, 3], [0, 1, 4]]), (width, height)), (0, 0), 6)
    lid = f32(bed) * (1 - 0.30 * shadow + 0.004 * smooth_noise((height, width), rng, (2, 2)))[..., None]
    out = lid * (1 - mask[..., None]) + turn(sheet) * mask[..., None]
    out *= 1 + 0.0035 * smooth_noise((1, width), rng, (1, 3))[..., None]
    for _ in range(dust):
        at = np.array([rng.integers(width), rng.integers(height)])
        to = at + rng.integers(-4, 5, 2) * int(rng.random() < 0.3)
        shade = float(rng.uniform(0.35, 0.8))
        cv2.line(out, at.tolist(), to.tolist(), (shade, shade, shade), 1, cv2.LINE_AA)
    return out + noise * rng.standard_normal(out.shape[:2]).astype(np.float32)[..., None]


def show_through(image: Image, ink: Image, strength: float) -> Image:
    """The print of the next page, faint and mirrored."""
    back = cv2.GaussianBlur(ink[:, ::-1], (0, 0), 1.6)
    return image * (1 - strength * back[..., None])


def photocopy(ink: Image, rng: Rng, degrees: float) -> Image:
    """Black and white only, as an office copier makes it: specks, ragged edges, a dark margin."""
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    ink = cv2.GaussianBlur(cv2.warpAffine(ink, matrix, (width, height), flags=cv2.INTER_CUBIC), (0, 0), 0.75)
    ink += 0.045 * smooth_noise(ink.shape, rng, (1.5, 1.5)) + 0.04 * smooth_noise(ink.shape, rng, (300, 120))
    black = ink > 0.46
    black |= rng.random(ink.shape) < 0.00012
    for _ in range(90):
        cy, cx = int(rng.integers(height)), int(rng.integers(width))
        black[cy : cy + int(rng.integers(1, 4)), cx : cx + int(rng.integers(1, 4))] = True
    edge = 5 + 4 * smooth_noise((height, 1), rng, (60, 1)) + 1.5 * smooth_noise((height, 1), rng, (3, 1))
    black |= np.arange(width)[None, :] > width - np.maximum(edge, 0)
    return np.repeat(1 - black[..., None].astype(np.float32), 3, axis=2)
