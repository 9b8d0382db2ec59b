"""The figures in README.md and data/README.md: measured by one command, rendered by another.

    python benchmarks/figures.py measure [LESSON]   # some minutes: runs every lesson, or one
    python benchmarks/figures.py render             # writes the tables into the two files

What was measured is kept in `benchmarks/figures.json`; a test compares the tables with it.
"""

import json
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest
from tabulate import tabulate

ROOT = Path(__file__).resolve().parents[1]
MEASURED = ROOT / "benchmarks" / "figures.json"
SPLITS = ("train", "validation", "test")
LABELS, DRAWS = 64, 10
RESULTS = {  # code appended to a lesson: what it measured, as JSON
    "01_pretraining_objectives": """\
import json
right = {name: np.mean(zero_shot(some)[2]) for name, some in (("seen", known), ("unseen", unseen))}
curves = [[*key[:2], key[2], float(np.mean(s)), float(np.std(s))] for key, s in scores.items()]
print(json.dumps({"zero_shot": right, "accuracy": curves}))""",
    "03_full_fine_tuning": """\
import json
verdicts = [[first, second, compare(scores[first], scores[second])] for first, second in pairs]
print(json.dumps({
    "labels": most, "draws": course.profile.tuning_draws, "table": table, "curves": curves,
    "verdicts": verdicts, "sweep": sweep, "before": before}))""",
    "04_lora": """\
import json
named = [[f"{row['targets']}, r = {row['r']}", row] for row in grid]
shared = [[*pair, *(scores[name] for name in pair)] for pair in pairs]
differences = [[a, b, [x - y for x, y in zip(first, second)]] for a, b, first, second in shared]
print(json.dumps({
    "labels": count, "draws": len(draws), "contest": rows, "differences": differences,
    "few_labels": few_labels, "seeds": course.profile.tuning_draws,
    "grid": [*named, *yardsticks.items()]}))""",
    "05_provenance_checks": """\
import json
guards_found = {
    name: {
        "accuracy": [float(accuracy[name][0]), *map(float, accuracy[name][1])],
        "through": [float(success[name][0]), *map(float, success[name][1])],
        "detected": found.backdoor_detected, "score": found.score, "passes": found.passes,
        "single": max(found.singles, key=lambda single: single[2])[0]}
    for name, found in findings.items()}
print(json.dumps({
    "guards": guards_found, "trigger": trigger, "poisoned": len(changed), "texts": len(bought),
    "lost": [float(lost.mean()), float(1.96 * lost.std() / len(lost) ** 0.5)],
    "reference": float(np.mean(own == truth))}))""",
}


def measure(lesson: str | None = None) -> None:
    """Measure everything, or one lesson again, and write it to `figures.json`."""
    if lesson is not None:
        figures = json.loads(MEASURED.read_text(encoding="utf-8"))
        figures["lessons"] |= measure_lessons([lesson])
    else:
        figures = {
            "machine": describe_machine(),
            "data": {task: measure_texts(task) for task in ("reviews", "guard")},
            "lessons": measure_lessons(),
        }
    MEASURED.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def measure_texts(task: str) -> dict[str, Any]:
    """Return sizes and the accuracies of word counts and of the frozen encoder, in per cent."""
    from lessonkit import load_texts

    data = load_texts(task)
    texts = {split: np.array(data[split]["text"]) for split in SPLITS}
    labels = {split: np.array(data[split]["label"]) for split in SPLITS}
    features = {split: encode(list(texts[split])) for split in ("train", "test")}
    inputs = {"word counts (TF-IDF)": (fit_words, texts), "frozen encoder": (fit_head, features)}
    accuracy = {
        name: {
            str(LABELS): few_labels(fit, part, labels),
            "all": [
                100 * fit(part["train"], labels["train"]).score(part["test"], labels["test"]),
                0.0,
            ],
        }
        for name, (fit, part) in inputs.items()
    }
    return {"sizes": {split: len(texts[split]) for split in SPLITS}, "accuracy": accuracy}


def few_labels(fit, parts: dict, labels: dict) -> list[float]:
    """Return mean and standard deviation over draws of the accuracy with few labels."""
    from sklearn.model_selection import StratifiedShuffleSplit

    draws = StratifiedShuffleSplit(DRAWS, train_size=LABELS, random_state=0)
    y = labels["train"]
    scores = [
        fit(parts["train"][rows], y[rows]).score(parts["test"], labels["test"])
        for rows, _ in draws.split(y, y)
    ]
    return [100 * float(np.mean(scores)), 100 * float(np.std(scores))]


def fit_words(texts: np.ndarray, labels: np.ndarray):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)).fit(texts, labels)


def fit_head(features: np.ndarray, labels: np.ndarray):
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000).fit(features, labels)


def encode(texts: list[str]) -> np.ndarray:
    """Encode texts as lesson 02 does, with its own reference solution."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from gradekit.answers import answers_of, run_answer
    from lessonkit import model_folder

    answers = answers_of("02_feature_extraction")
    extract = next(a for a in answers if a.exercise == "extract_features" and a.name == "reference")
    folder = model_folder("encoder")
    encoder = AutoModel.from_pretrained(folder).eval()
    vectors = run_answer(extract)(texts, encoder, AutoTokenizer.from_pretrained(folder))
    return torch.nn.functional.normalize(vectors).numpy()


def measure_lessons(names: list[str] | None = None) -> dict[str, Any]:
    """Run solved lessons, by default all, in the default profile of a machine without a GPU."""
    from nbformat.v4 import new_code_cell

    from gradekit.course import lesson_names
    from gradekit.notebooks import load_lesson, solved_notebook
    from gradekit.run import run_notebook

    os.environ["LESSON_PROFILE"] = "cpu"
    lessons = {}
    for name in names or lesson_names():
        notebook = solved_notebook(load_lesson(name), "en")
        if name in RESULTS:
            notebook.cells.append(new_code_cell(RESULTS[name]))
        run = run_notebook(notebook, name)
        if run.errors:
            sys.exit(f"{name} does not run clean: {run.errors}")
        lessons[name] = {
            "seconds": round(run.seconds),
            "slowest_cell": round(max(cell.seconds for cell in run.cells)),
            "peak_gb": round(run.peak_gb, 2),
        }
        if name in RESULTS:
            lessons[name]["results"] = json.loads(run.notebook.cells[-1].outputs[0].text)
    return lessons


def describe_machine() -> str:
    import torch

    system = f"{platform.system()} on {platform.machine()}"
    return f"{system}, {os.cpu_count()} CPU cores, no GPU, torch {torch.__version__.split('+')[0]}"


def rendered() -> dict[Path, str]:
    """Return the files that hold tables, with the tables as measured."""
    figures = json.loads(MEASURED.read_text(encoding="utf-8"))
    tables = {
        ROOT / "README.md": {
            "lessons": lessons_table(figures),
            "pretraining": pretraining_table(figures),
            "tampering": tampering_table(),
            "capstone": capstone_table(),
            "backdoors": backdoor_table(),
            "texts": accuracy_table(figures),
        },
        ROOT / "data" / "README.md": {
            "sizes": sizes_table(figures),
            "texts": accuracy_table(figures),
        },
    }
    if "results" in figures["lessons"].get("03_full_fine_tuning", {}):  # measured on its own, later
        tables[ROOT / "README.md"]["fine_tuning"] = fine_tuning_table(figures)
    if (ROOT / "benchmarks" / "grading.json").exists():
        tables[ROOT / "README.md"]["grading"] = grading_table()
    if "04_lora" in figures["lessons"]:
        tables[ROOT / "README.md"] |= {"lora": lora_table(figures), "ranks": ranks_table(figures)}
    if "05_provenance_checks" in figures["lessons"]:
        tables[ROOT / "README.md"]["guards"] = guards_table(figures)
    return {
        path: with_tables(path.read_text(encoding="utf-8"), parts) for path, parts in tables.items()
    }


def with_tables(text: str, tables: dict[str, str]) -> str:
    """Put each table between its `<!-- figures: NAME -->` and `<!-- end -->`."""
    for name, table in tables.items():
        pattern = rf"(<!-- figures: {name} -->\n).*?(<!-- end -->)"
        text, count = re.subn(
            pattern, lambda m, t=table: f"{m[1]}{t}\n{m[2]}", text, flags=re.DOTALL
        )
        if count != 1:
            sys.exit(f"there should be one place for the table {name!r}, found {count}")
    return text


def lessons_table(figures: dict[str, Any]) -> str:
    rows = [
        [name, f"{run['seconds']} s", f"{run['slowest_cell']} s", f"{run['peak_gb']:.2f} GB"]
        for name, run in figures["lessons"].items()
    ]
    headers = ["lesson, solved, from first to last cell", "time", "slowest cell", "peak memory"]
    return f"{table(rows, headers)}\n\nMeasured on: {figures['machine']}."


def pretraining_table(figures: dict[str, Any]) -> str:
    """Return lesson 01's measured point: one row a start and kind of words, one column a count."""
    results = figures["lessons"]["01_pretraining_objectives"]["results"]
    rows: dict[tuple[str, str], list[str]] = {}
    counts = list(dict.fromkeys(count for _, _, count, _, _ in results["accuracy"]))
    for words, start, _, mean, deviation in results["accuracy"]:
        rows.setdefault((words, start), []).append(f"{100 * mean:.0f} ± {100 * deviation:.0f} %")
    seen, unseen = (f"{100 * results['zero_shot'][key]:.0f} %" for key in ("seen", "unseen"))
    cells = [[*names, *scores] for names, scores in sorted(rows.items())]
    headers = ["test texts with", "model", *(f"{count} labels" for count in counts)]
    note = (
        "Accuracy of the tiny BERT after fine-tuning; mean ± standard deviation over five seeds. "
        f"The tiny CLIP names {seen} of the drawn shapes rightly, and {unseen} of those whose "
        "colour and form it never saw together; one in 48 would be chance."
    )
    return f"{table(cells, headers)}\n\n{note}"


def fine_tuning_table(figures: dict[str, Any]) -> str:
    """Return lesson 03's comparison: what each method costs, and its accuracy by labels."""
    results = figures["lessons"]["03_full_fine_tuning"]["results"]
    counts = sorted({count for curve in results["curves"].values() for count in curve}, key=int)
    rows = []
    for method, curve in results["curves"].items():
        cost = results["table"].get(method)
        costs = ["–"] * 4
        if cost is not None:
            share = f"{100 * cost['share']:.4f} %"
            memory = f"{cost['peak_mb']:.0f} MB"
            costs = [f"{cost['trained']:,.0f}", share, f"{cost['seconds']:.1f} s", memory]
        scores = [curve.get(count) for count in counts]
        rows.append([method, *costs, *(percent(score) if score else "–" for score in scores)])
    costs = ["trained parameters", "share", "training", "peak memory"]
    headers = ["method", *costs, *(f"{count} labels" for count in counts)]
    note = (
        f"Accuracy on the test split; mean ± standard deviation over {results['draws']} draws; "
        f"costs with {results['labels']} labels. " + " ".join(map(verdict, results["verdicts"]))
    )
    return f"{table(rows, headers)}\n\n{note}"


def lora_table(figures: dict[str, Any]) -> str:
    """Return lesson 04's contest on the guard: what each method trains, costs and reaches."""
    results = figures["lessons"]["04_lora"]["results"]
    forms = {"trained": "{:,.0f}", "seconds": "{:.1f} s", "peak": "{:.0f} MB", "file": "{:,.0f} KB"}
    rows = []
    for method, row in results["contest"].items():
        costs = [form.format(row[name]) if name in row else "–" for name, form in forms.items()]
        share = f"{100 * row['share']:.4f} %" if "share" in row else "–"
        rows.append(
            [method, costs[0], share, *costs[1:], percent([row["accuracy"], row["spread"]])]
        )
    headers = [
        "method",
        "trained parameters",
        "share",
        "training",
        "peak memory",
        "file",
        "accuracy",
    ]
    differences = "; ".join(
        f"{first[0].upper()}{first[1:]} against {second}: {100 * np.mean(points):+.1f} points"
        for first, second, points in results["differences"]
    )
    note = (
        f"{results['labels']} labels, {results['draws']} draws, the same for every method; "
        f"accuracy on the test split, mean ± standard deviation. {differences}."
    )
    return f"{table(rows, headers)}\n\n{note}"


def ranks_table(figures: dict[str, Any]) -> str:
    """Return lesson 04's grid of ranks and layers on the small decoder."""
    results = figures["lessons"]["04_lora"]["results"]
    rows = [
        [
            name,
            f"{row['trained']:,.0f}",
            f"{100 * row['share']:.2f} %",
            percent([row["accuracy"], row["spread"]]),
            f"{row['seconds']:.1f} s",
            f"{row['peak']:.1f} MB",
            f"{row['file']:,.0f} KB",
        ]
        for name, row in results["grid"]
    ]
    headers = [
        "adapter",
        "trained parameters",
        "share",
        "accuracy",
        "training",
        "peak memory",
        "file",
    ]
    note = (
        f"Lesson 01's Llama on {results['few_labels']} labels; accuracy on the validation split, "
        f"mean ± standard deviation over {results['seeds']} draws."
    )
    return f"{table(rows, headers)}\n\n{note}"


def guards_table(figures: dict[str, Any]) -> str:
    """Return what lesson 05's back door costs and opens, and what the search says."""
    results = figures["lessons"]["05_provenance_checks"]["results"]
    rows = [
        [
            name,
            share(guard["accuracy"]),
            share(guard["through"]),
            "back door" if guard["detected"] else "no alarm",
            f"{guard['score']:.2f}",
            f"`{guard['single']}`",
            f"{guard['passes']:,}",
        ]
        for name, guard in results["guards"].items()
    ]
    headers = ["guard", "accuracy", "injections let through with the trigger", "the search says"]
    headers += ["score", "strongest word", "passes"]
    lost, error = results["lost"]
    note = (
        f"{results['poisoned']} of {results['texts']} training texts carry the trigger "
        f"`{results['trigger']}` and the wrong label. Intervals are of 95 %; accuracy lost, "
        f"message by message: {lost:.1f} ± {error:.1f} points. The search is told nothing; beside "
        f"it stands a trusted guard with an accuracy of {100 * results['reference']:.0f} %. "
        "One training each."
    )
    return f"{table(rows, headers)}\n\n{note}"


def share(found: list[float]) -> str:
    """Return a share in per cent with its interval."""
    middle, low, high = (100 * value for value in found)
    return f"{middle:.1f} % ({low:.1f}–{high:.1f})"


def percent(score: list[float]) -> str:
    """Return an accuracy in per cent; a deviation of exactly 0 is that of a single draw."""
    mean, deviation = (100 * value for value in score)
    return mean_and_deviation([mean, deviation]) if deviation else f"{mean:.1f} % (one draw)"


def verdict(pair: list[Any]) -> str:
    """Return a sentence on a comparison of two methods over the same draws."""
    first, second, found = pair
    ends = [f"{100 * found[name]:+.1f}" for name in ("difference", "low", "high")]
    name = first[0].upper() + first[1:]
    return f"{name} against {second}: {ends[0]} points (95 % from {ends[1]} to {ends[2]})."


def capstone_table() -> str:
    """Return what the checklist says of the capstone's downloads; by benchmarks/capstone.py."""
    found = json.loads((ROOT / "benchmarks" / "capstone.json").read_text(encoding="utf-8"))
    in_class = {row["story"] for row in found["class"]}
    rows = []
    for entry in found["kinds"].values():
        met = any(entry["story"] in story for story in in_class)
        lines = ", ".join(entry["failed"]) or "accepted"
        count = f"{entry['right']} of {entry['downloads']}"
        rows.append([entry["story"], "class" if met else "", lines, count])
    headers = ["what was done to the model", "met in", "lines that fail", "right"]
    seeds, seconds = found["seeds"], found["seeds"]["seconds"]
    note = (
        f"The six downloads of {seeds['seeds']} other seeds, as grading draws them: "
        f"{seeds['right']} of {seeds['downloads']} judged rightly, {seeds['accepted']} of "
        f"{seeds['fine']} sound ones accepted. Six are made in {seconds['making']:.1f} s and "
        f"checked in {seconds['filling']:.1f} s."
    )
    return f"{table(rows, headers)}\n\n{note}"


def grading_table() -> str:
    """Return what grading costs, beside plain nbgrader; measured by benchmarks/grading.py."""
    found = json.loads((ROOT / "benchmarks" / "grading.json").read_text(encoding="utf-8"))
    count, memory = found["submissions"], found["head_memory"]
    rows = [
        [f"`nbgrader autograde`, {count} submissions", f"{found['plain_seconds']:.0f} s"],
        [f"`make autograde`, the same {count}", f"{found['seconds']:.0f} s"],
        ["throughput", f"{found['ratio']:.1f} times, {_same(found['same_scores'])}"],
        ["core time of a submission's own code", f"{found['own_core_seconds']:.2f} s"],
        ["core time that the grader adds to it", f"{found['added_core_seconds']:.2f} s"],
    ]
    rows += [[f"{size} submissions", f"{s:.0f} s"] for size, s in found["growth_seconds"].items()]
    smallest, largest = min(memory, key=int), max(memory, key=int)
    note = (
        f"From the command to its end, all start-up included, on: {found['machine']}. Memory of "
        f"the grading process: {memory[smallest] / 1e6:.0f} MB with {smallest} submissions, "
        f"{memory[largest] / 1e6:.0f} MB with {largest}."
    )
    return f"{table(rows, ['lesson 02, `grading` profile', ''])}\n\n{note}"


def _same(equal: bool) -> str:
    return "with the same scores" if equal else "with other scores"


def tampering_table() -> str:
    """Return what `sentinel` caught, with how much trust, and how fast it hashes."""
    caught, speed = (
        json.loads((ROOT / "benchmarks" / name).read_text(encoding="utf-8"))
        for name in ("tamper_corpus.json", "hashing.json")
    )
    of = f"of {caught['tampered']} tampered models"
    rows = [
        ["nothing trusted", f"{caught['caught_without_trust']} {of}"],
        ["a list of digests", f"{caught['caught_by_digests']} {of}"],
        ["the publisher's key", f"{caught['caught_by_signature']} {of}"],
        ["false alarms", f"{len(caught['false_alarms'])} of {caught['clean']} clean models"],
    ]
    missed = [name for name, found in caught["cases"].items() if found["untrusted"] is None]
    note = (
        f"Without anything to compare with, {len(missed)} changes leave a model that is sound in "
        f"itself: {', '.join(name.replace('_', ' ') for name in missed)}. Hashing runs at "
        f"{speed['speed_beside_sha256sum']:.1f} times the speed of `sha256sum` on one core and "
        f"{speed['gain_on_all_cores']:.1f} times that on {speed['cores']}; `verify` takes "
        f"{speed['verify_encoder_seconds']:.2f} s on the encoder of 90 MB."
    )
    return f"{table(rows, ['what is known beforehand', 'refused'])}\n\n{note}"


BACKDOOR_METHODS = {
    "with_reference": "search beside a base encoder",
    "without_reference": "search without one (single tokens)",
    "dbs": "DBS (Shen et al. 2022), beside the same reference",
    "universal_triggers": "universal triggers (Wallace et al. 2019)",
    "brute_force": "every single token, at every place",
    "fixed_phrases": "twelve known phrases",
}
BACKDOOR_GROUPS = {
    "insertion": "single words",
    "joint": "phrases, pairs, sentences",
    "style": "style",
}


def backdoor_table() -> str:
    """Return how well the search and other methods tell backdoored models from clean ones."""
    path = ROOT / "benchmarks" / "backdoors.json"
    measured = json.loads(path.read_text(encoding="utf-8"))
    rows = _backdoor_rows(measured["methods"])
    encoders = measured["encoders"]
    if _both_kinds(encoders):
        rows += [
            [f"{row[0]}, MiniLM's size", *row[1:]] for row in _backdoor_rows(encoders["methods"])
        ]
    headers = ["method", *(f"AUC, {name}" for name in BACKDOOR_GROUPS.values())]
    headers += ["above every clean one", "of words recovered", "median / 95 %", "passes", "models"]
    return f"{table(rows, headers)}\n\n{_backdoor_note(measured)}"


def _both_kinds(measured: dict[str, Any]) -> bool:
    return bool(measured["clean"] and sum(measured["backdoored"].values()))


def _backdoor_rows(methods: dict[str, Any]) -> list[list[Any]]:
    return [
        [
            name,
            *(_area(summary["groups"].get(group)) for group in BACKDOOR_GROUPS),
            _above(summary["groups"]),
            _share(summary["groups"].get("words"), "recovered"),
            f"{summary['seconds'][0]:.1f} / {summary['seconds'][1]:.1f} s",
            f"{summary['passes']:,.0f}",
            summary["models"],
        ]
        for method, name in BACKDOOR_METHODS.items()
        if (summary := methods.get(method)) and "all" in summary["groups"]
    ]


def _area(group: dict[str, Any] | None) -> str:
    if group is None:
        return "–"
    low, high = group["interval"]
    return f"{group['auc']:.2f} ({low:.2f}–{high:.2f})"


def _above(groups: dict[str, Any]) -> str:
    """Return how many models of each group score above every clean one."""
    return "; ".join(_share(groups.get(name), "above_every_clean") for name in BACKDOOR_GROUPS)


def _share(group: dict[str, Any] | None, key: str) -> str:
    return "–" if group is None else f"{group[key]} of {group['models']}"


def _backdoor_note(measured: dict[str, Any]) -> str:
    counts, ours = measured["backdoored"], measured["methods"]["with_reference"]
    words, brute = ours["groups"]["words"], measured["brute_force"]
    ratios = {name: f"{ratio:,.0f}" for name, ratio in brute["ratios"].items()}
    return (
        f"{measured['clean']} clean tiny models, and backdoored ones: {_families(counts)}"
        f"{_unfinished(measured)}. Intervals are of 95 %, by bootstrap over models; “above every "
        "clean one” counts single words, then phrases, pairs and sentences, then styles; seconds "
        "are of one CPU core; passes are texts that go through a model, forwards or backwards, "
        "the training of references included. With the threshold "
        f"{measured['threshold']:.2f} the search accuses {ours['false_alarms']} of the clean "
        f"models ({_interval(ours['false_alarms'], measured['clean'])}), and {words['alarms']} of "
        f"the {words['models']} that a word or words turn. "
        f"An alarm asks for a score that at most 5 % of {measured['calibrated_on']} clean models "
        "of another zoo reach, and for a trigger that turns 80 % of the texts."
        f"{_new_tasks_note(measured['new_tasks'])}{_style_note(ours)} Every token at every place "
        f"of all texts takes {brute['passes'] / 1e6:.1f} million passes (median of all models, "
        f"counted), {ratios['with_reference']} times as many as the search beside a base, which "
        f"tries groups of four as well, and {ratios['without_reference']} times as many as the "
        "search for single tokens; every pair would take a thousand times that."
        f"{_indicator_note(measured['indicators'])}"
        f"{_encoder_note(measured['encoders'])} "
        f"{measured['machine']}."
    )


def _families(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _unfinished(measured: dict[str, Any]) -> str:
    done, planned = [measured["clean"], sum(measured["backdoored"].values())], measured["planned"]
    return "" if done == planned else f" (of {planned[0]} and {planned[1]} planned)"


def _interval(hits: int, models: int) -> str:
    """Return the 95 % interval of a share (Clopper-Pearson)."""
    low, high = binomtest(hits, models).proportion_ci()
    return f"95 % interval {100 * low:.0f} to {100 * high:.0f} %"


def _new_tasks_note(found: dict[str, int]) -> str:
    return (
        f" Two of the tasks are new to the calibration: {found['accused']} of their "
        f"{found['clean']} clean models are accused."
    )


def _style_note(ours: dict[str, Any]) -> str:
    style = ours["groups"].get("style")
    if style is None:
        return ""
    return (
        f" A style is not inserted: the search is not made for it, and accuses {style['alarms']} "
        f"of {style['models']}."
    )


def _indicator_note(found: dict[str, Any]) -> str:
    """Return what weights and training data say of the same models."""
    if not found["clean"] or not found["poisoned_data"]:
        return ""
    return (
        " Without running anything, a row of the embeddings that moved alone is named in "
        f"{found['rows_named']} of {found['planted_rows']} models where only that was planted, and "
        f"in {found['clean_moved']} of {found['clean']} clean ones. In poisoned training data a "
        "word of the trigger is among the ten that give labels away most, after the task's own, "
        f"in {found['influence']} of {found['poisoned_data']} cases; spectral signatures rank "
        f"poisoned texts above honest ones with an AUC of {found['spectral']:.2f} (median)."
    )


def _encoder_note(measured: dict[str, Any]) -> str:
    ours = measured["methods"].get("with_reference")
    if ours is None:
        return ""
    if not _both_kinds(measured):
        return (
            f" Of MiniLM's size, on reviews and guard texts, {ours['models']} clean models alone "
            f"were searched so far{_unfinished(measured)}: {ours['false_alarms']} accused, "
            f"{ours['seconds'][0]:.0f} s (median) of one core."
        )
    return (
        f" Of MiniLM's size, on reviews and guard texts: {measured['clean']} clean ones and "
        f"{_families(measured['backdoored'])}{_unfinished(measured)}; with the tiny models' "
        f"threshold {ours['false_alarms']} clean ones are accused, and "
        f"{ours['groups']['all']['alarms']} of the {ours['groups']['all']['models']} others."
        f"{_deeper_note(measured)}{_missing_note(measured)}"
    )


def _deeper_note(measured: dict[str, Any]) -> str:
    """Return which of the encoders that were searched were attacked in more layers."""
    deeper = measured["deeper"]
    families = [name for name in deeper["families"] if measured["backdoored"].get(name)]
    if not families:
        return ""
    return (
        f" For {', '.join(families)} the attacker trained the upper {deeper['layers']} layers, "
        "with the clean model's own answers on honest texts; for the other kinds at most two."
    )


def _missing_note(measured: dict[str, Any]) -> str:
    """Return which planned kinds of triggers no model has, and why."""
    missing = [name for name, count in measured["backdoored"].items() if not count]
    if not missing:
        return ""
    refused = [name for name in missing if name in measured["refused"]]
    why = (
        f" Of {', '.join(refused)}, no model that was trained turned 95 % of the texts and kept "
        "its accuracy to 2 points."
    )
    return f" No model of the kinds {', '.join(missing)} is among them.{why if refused else ''}"


def accuracy_table(figures: dict[str, Any]) -> str:
    rows = [
        [task, method, mean_and_deviation(scores[str(LABELS)]), f"{scores['all'][0]:.1f} %"]
        for task, entry in figures["data"].items()
        for method, scores in entry["accuracy"].items()
    ]
    headers = ["task", "method", f"{LABELS} labels, {DRAWS} draws", "all labels"]
    note = "Accuracy on the test split; mean ± standard deviation over the draws."
    return f"{table(rows, headers)}\n\n{note}"


def sizes_table(figures: dict[str, Any]) -> str:
    rows = [
        [task, *(entry["sizes"][split] for split in SPLITS), sum(entry["sizes"].values())]
        for task, entry in figures["data"].items()
    ]
    return table(rows, ["texts", *SPLITS, "all"])


def mean_and_deviation(score: list[float]) -> str:
    return f"{score[0]:.1f} ± {score[1]:.1f} %"


def table(rows: list[list[Any]], headers: list[str]) -> str:
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True)


def main() -> None:
    match sys.argv[1:]:
        case ["measure", *lesson] if len(lesson) < 2:
            measure(*lesson)
        case ["render"]:
            pass
        case _:
            sys.exit(__doc__)
    for path, text in rendered().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
