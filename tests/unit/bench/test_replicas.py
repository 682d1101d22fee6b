"""The replicas: their measures by hand, their data, and the page that is written from results."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from bench import replica_captioning, replica_fewshot, replicas
from bench.replica_parts import bleu
from diagc.learn.scenes import BASE_CLASSES, WORDS, glyphs, scenes, withheld_pairs


def test_bleu_by_hand() -> None:
    written, wanted = list("abcde"), list("abcdf")
    # 4 of 5 words, 3 of 4 pairs, 2 of 3 triples, 1 of 2 quadruples, equal lengths
    assert bleu([written], [wanted]) == pytest.approx(100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)
    # all of what is written is right, and a word is missing: only the brevity penalty
    assert bleu([list("abcd")], [list("abcde")]) == pytest.approx(100 * math.exp(1 - 5 / 4))
    # a word counts as often as the reference has it
    assert bleu([["a", "a", "a"]], [["a", "b", "c"]], order=1) == pytest.approx(100 / 3)
    assert bleu([["x"]], [["a"]]) == 0


def test_captions_say_what_the_pictures_show() -> None:
    hidden = withheld_pairs()
    assert len(hidden) == 10
    for withheld in (False, True):
        table = scenes(60, 1, test=True, withheld=withheld)
        for image, words, before in zip(table["image"], table["caption"], table["before"], strict=True):
            text = [WORDS[place] for place in words]
            pair = WORDS.index(text[1]) - 2, WORDS.index([w for w in text if w != "."][-1]) - 2
            assert (pair in hidden) is withheld
            halves = (image[:, :8], image[:, 8:]) if "left" in text else (image[:8], image[8:])
            assert all(half.sum() > 5 for half in halves)
            assert before.tolist() == [0, *words.tolist()[:-1]]


def test_glyphs_of_novel_classes_are_others_and_turns_can_be_undone() -> None:
    base, novel = glyphs(0, novel=False), glyphs(0, novel=True)
    assert set(base["label"]) == set(range(BASE_CLASSES))
    assert glyphs(0, novel=True)["image"].tobytes() == novel["image"].tobytes()
    assert glyphs(1, novel=True)["image"].tobytes() != novel["image"].tobytes()
    for image, turned, turn in zip(base["image"], base["turned"], base["turn"], strict=True):
        assert np.rot90(turned, -turn).tobytes() == image.tobytes()


def test_nearest_means_tell_separate_classes_apart_and_guess_on_noise() -> None:
    generator = np.random.default_rng(0)
    centres = np.repeat(np.eye(replica_fewshot.NOVEL_CLASSES), replica_fewshot.PER_CLASS, axis=0)
    assert replica_fewshot.accuracy(centres + 0.01 * generator.standard_normal(centres.shape), 1) == 100
    assert 17 < replica_fewshot.accuracy(generator.standard_normal(centres.shape), 5) < 23


def test_greedy_captions_read_what_they_wrote() -> None:
    """A decoder that says the successor of the last word counts up."""
    said = replica_captioning.greedy(lambda before: np.eye(len(WORDS))[(before + 1) % len(WORDS)], 2)
    assert said.tolist() == [[1, 2, 3, 4, 5, 6, 7]] * 2


def test_the_page_is_written_from_the_results() -> None:
    found = json.loads(replicas.RESULTS.read_text("utf-8"))
    assert Path(replicas.PAGE).read_text("utf-8") == replicas.page(found)
    full, blind = found["captioning"]["full seen"], found["captioning"]["blind seen"]
    assert min(np.subtract(full, blind)) >= 50
    for shots in (1, 5):
        glued, drawn = found["fewshot"][f"both {shots}"], found["fewshot"][f"random {shots}"]
        assert min(np.subtract(glued, drawn)) >= 15
    assert max(found["captioning"]["seconds"] + found["fewshot"]["seconds"]) <= 300
