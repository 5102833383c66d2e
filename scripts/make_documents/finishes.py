"""What happened to each document between the printer and the file."""

from collections.abc import Callable

import cv2
import numpy as np

from scripts.make_documents import damage as d
from scripts.make_documents.damage import Image, Rng

Finish = Callable[[list[Image], Rng], list[Image]]

THERMAL_DPI = 203


def _cafe(pages: list[Image], rng: Rng) -> list[Image]:
    ink = d.thermal_dots(d.crop_to_content(d.ink_of(pages[0]), 30), rng, 1.5, wear=0.3)
    sheet = d.print_on(np.ones((*ink.shape, 3), np.float32), ink, (0.13, 0.13, 0.15))
    matrix = cv2.getRotationMatrix2D((ink.shape[1] / 2, ink.shape[0] / 2), -0.45, 1)
    turned = cv2.warpAffine(sheet, matrix, ink.shape[::-1], flags=cv2.INTER_CUBIC, borderValue=(1, 1, 1))
    # Scanner software that brightens the paper to plain white and keeps few grey levels, so the PNG stays small.
    grey = np.clip(turned.mean(axis=2, keepdims=True) * 1.04, 0, 1)
    return [np.repeat(np.round(grey * 15) / 15, 3, axis=2)]


def _hardware_store(pages: list[Image], rng: Rng) -> list[Image]:
    ink = d.thermal_dots(d.crop_to_content(d.ink_of(pages[0]), 36), rng, 2, wear=0.6)
    ink = d.fade(ink, rng, 0.68, 0.13)
    sheet = d.print_on(d.paper(ink.shape, rng, (0.93, 0.93, 0.92)), ink, (0.20, 0.20, 0.24))
    sheet = d.crumple(d.fold_lines(sheet, rng, [0.47]), rng, 420, 0.6)
    photo = d.lay_down(
        sheet,
        d.wood((2000, 1500), rng, (0.44, 0.30, 0.19)),
        [(0.385, 0.085), (0.675, 0.11), (0.80, 0.93), (0.255, 0.90)],
        curl=12,
    )
    photo = d.lamp(photo, (0.2, 0.1), 0.42, (1.03, 0.98, 0.88))
    phone = [(0.50, 1.1), (0.46, 0.74), (0.56, 0.6), (0.86, 0.52), (1.1, 0.56), (1.1, 1.1)]
    photo = d.hand_shadow(photo, phone, 0.5, 48)
    return [d.lens(photo, rng, focus=0.68, blur=3.4, shake=0.4)]


def _kuala_lumpur(pages: list[Image], rng: Rng) -> list[Image]:
    ink = d.thermal_dots(d.crop_to_content(d.ink_of(pages[0]), 40), rng, 1.6, threshold=0.5, wear=1.0)
    ink = d.fade(ink, rng, 0.34, 0.15)
    sheet = d.paper(ink.shape, rng, (0.925, 0.905, 0.86), 1.5)
    sheet *= 1 - 0.03 * np.clip(d.smooth_noise(ink.shape, rng, (400, 300)), 0, 2)[..., None]
    sheet = d.crumple(d.print_on(sheet, ink, (0.44, 0.42, 0.50)), rng, 380, 0.35)
    sheet = d.fold_lines(sheet, rng, [0.34, 0.67])
    return [d.scan(sheet, rng, 0.8, (0.95, 0.95, 0.95), 0.012, margin=44)]


def _tapas_bar(pages: list[Image], rng: Rng) -> list[Image]:
    ink = d.thermal_dots(d.crop_to_content(d.ink_of(pages[0]), 40), rng, 2, wear=0.5)
    ink = d.fade(ink, rng, 0.50, 0.22)
    sheet = d.print_on(d.paper(ink.shape, rng, (0.95, 0.94, 0.92)), ink, (0.22, 0.22, 0.27))
    sheet = d.coffee_ring(sheet, rng, (0.66, 0.40), 330, 0.95)
    sheet = d.grease(sheet, rng, [(0.2, 0.72, 95), (0.34, 0.79, 40), (0.86, 0.13, 60)])
    sheet = d.crumple(sheet, rng, 250, 2.1)
    table = d.stone((1600, 1120), rng, (0.50, 0.49, 0.47))
    photo = d.lay_down(sheet, table, [(0.10, 0.035), (0.90, 0.05), (0.915, 0.965), (0.085, 0.955)], curl=8)
    return [d.lens(d.lamp(photo, (0.75, 0.1), 0.24, (1.0, 0.985, 0.95)), rng, focus=0.7, blur=1.9, shake=0.2)]


def _grocery(pages: list[Image], rng: Rng) -> list[Image]:
    ink = d.needle_dots(d.crop_to_content(d.ink_of(pages[0]), 22), rng, 5)
    sheet = d.print_on(d.paper(ink.shape, rng, (0.95, 0.94, 0.90), 1.4), ink, (0.27, 0.25, 0.40))
    sheet = d.fold_lines(sheet, rng, [0.52])
    picture = d.scan(sheet, rng, -0.7, (0.90, 0.90, 0.91), 0.010, margin=60)
    return [cv2.resize(picture, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)]


def _wholesale(pages: list[Image], rng: Rng) -> list[Image]:
    inks = [d.ink_of(page) for page in pages]
    result = []
    for page, back, degrees in zip(pages, reversed(inks), (0.5, -0.35), strict=True):
        sheet = d.paper(page.shape[:2], rng, (0.97, 0.97, 0.965)) * (0.12 + 0.88 * cv2.GaussianBlur(page, (0, 0), 0.6))
        sheet = d.scan(d.show_through(sheet, back, 0.045), rng, degrees, (0.98, 0.98, 0.98), 0.012, dust=10)
        # A document feeder scans in grey and loses the lightest tones.
        result.append(np.repeat(np.clip(sheet.mean(axis=2, keepdims=True) * 1.05, 0, 1), 3, axis=2))
    return result


def _olive_oil(pages: list[Image], rng: Rng) -> list[Image]:
    page = cv2.GaussianBlur(pages[0], (0, 0), 0.7)
    sheet = d.paper(page.shape[:2], rng, (0.955, 0.95, 0.925), 1.6) * (0.10 + 0.90 * page)
    sheet = d.fold_lines(sheet, rng, [0.335, 0.668])
    height, width = page.shape[:2]
    lid = (0.40, 0.40, 0.41)
    for place in (0.365, 0.635):
        hole = (round(0.035 * width), round(place * height))
        cv2.circle(sheet, hole, round(0.0125 * width), lid, -1, cv2.LINE_AA)
    return [d.scan(sheet, rng, 2.4, lid, 0.022)]


def _credit_note(pages: list[Image], rng: Rng) -> list[Image]:
    return [d.photocopy(d.ink_of(pages[0]), rng, -0.6)]


FINISHES: dict[str, tuple[float, Finish]] = {
    "cafe-receipt-two-tax-rates": (THERMAL_DPI, _cafe),
    "hardware-store-phone-photo": (THERMAL_DPI, _hardware_store),
    "restaurant-faded-thermal": (THERMAL_DPI, _kuala_lumpur),
    "tapas-bar-crumpled-stained": (THERMAL_DPI, _tapas_bar),
    "grocery-dot-matrix": (96, _grocery),
    "wholesale-invoice-two-pages": (150, _wholesale),
    "olive-oil-invoice-skewed-scan": (150, _olive_oil),
    "office-supplies-credit-note": (200, _credit_note),
}
"""By stem: the resolution to draw at, and the finish. A document that is not here stays the PDF that was laid out."""
