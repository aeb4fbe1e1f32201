"""Reads a dataset as its users do: pyarrow, Hugging Face `datasets` by file and by folder, and
frame by frame from the dataset's folder, as verl does.

    python read_dataset.py DATASET ROWS

Exit code 77: this Python has no `pyarrow` or no `datasets`.
"""

import json
import os
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
CACHE = tempfile.TemporaryDirectory()
os.environ["HF_HOME"] = CACHE.name

try:
    import datasets
    import pyarrow.parquet
except ImportError as missing:
    print(f"this Python has no {missing.name}")
    sys.exit(77)

COLUMNS = ["data_source", "prompt", "videos", "ability", "reward_model", "extra_info"]
TYPES = {
    "data_source": "string",
    "prompt": "list<item: struct<role: string, content: string>>",
    "videos": "list<item: struct<video: list<item: string>, sample_fps: double, "
    "max_pixels: int64, min_pixels: int64>>",
    "ability": "string",
    "reward_model": "struct<style: string, ground_truth: string>",
}


def check_row(row, seen):
    """What verl's data loader and reward manager take from a row."""
    assert row["data_source"] in ("grounding", "counting", "jigsaw"), row["data_source"]
    assert [message["role"] for message in row["prompt"]] == ["system", "user"]
    marks = row["prompt"][1]["content"].count("<video>")
    assert marks == len(row["videos"]) > 0
    for clip in row["videos"]:
        assert clip["sample_fps"] > 0 and clip["min_pixels"] < clip["max_pixels"]
        for path in clip["video"]:
            if path not in seen:
                with open(path, "rb") as file:
                    assert file.read(3) == b"\xff\xd8\xff", path
                seen.add(path)
    extra, model = row["extra_info"], row["reward_model"]
    assert model["style"] == "rule" and model["ground_truth"] == extra["answer"] != ""
    spec = json.loads(extra["spec"])
    assert spec["video"] == extra["video_id"] and spec["seed"] == extra["seed"]
    grounding = row["data_source"] == "grounding"
    for key in ("perturbation_type", "perturbed_frames_count", "start_frame_index"):
        assert (extra[key] is not None) == grounding, (key, extra)


def main():
    folder, wanted = sys.argv[1], int(sys.argv[2])
    # Relative paths start in the dataset's folder.
    os.chdir(folder)
    table = pyarrow.parquet.read_table("rows.parquet")
    assert table.num_rows == wanted, table.num_rows
    assert table.column_names == COLUMNS, table.column_names
    for name, kind in TYPES.items():
        found = str(table.schema.field(name).type)
        assert found.replace("element:", "item:") == kind, (name, found)
    by_file = datasets.load_dataset("parquet", data_files="rows.parquet", split="train")
    by_folder = datasets.load_dataset(folder, split="train")
    assert by_file.num_rows == by_folder.num_rows == wanted
    seen = set()
    for index, row in enumerate(by_folder):
        assert row["extra_info"]["index"] == index
        check_row(row, seen)
    assert by_file[wanted - 1] == by_folder[wanted - 1] == table.slice(wanted - 1).to_pylist()[0]
    with open("manifest.json") as file:
        manifest = json.load(file)
    assert manifest["frames"]["files"] == len(seen), "every frame file belongs to a row"
    print(f"{wanted} rows, {len(seen)} frames: pyarrow {pyarrow.__version__}, datasets {datasets.__version__}")


main()
