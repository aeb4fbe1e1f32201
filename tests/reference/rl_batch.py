"""The batch file of `rl_step.py`, and token rows of unequal length as tensors.

A batch is a safetensors file. For prompt i it has `ids.i` [n], `positions.i` [n, 3] (time,
height, width), `patches.i` [patches, numbers] and `grids.i` [clips, 3]; its metadata `batch` is
JSON: settings, and each prompt's answers.
"""

import json
import resource
import sys
from dataclasses import dataclass

import torch
from safetensors import safe_open


@dataclass
class Answer:
    ids: torch.Tensor  # [tokens], the end included
    old: torch.Tensor  # [tokens], log-probabilities at sampling
    advantage: float


@dataclass
class Prompt:
    ids: torch.Tensor  # [n]
    positions: torch.Tensor  # [3, n]
    next_position: int
    patches: torch.Tensor  # [patches, numbers]
    grids: torch.Tensor  # [clips, 3]
    answers: list


@dataclass
class Batch:
    settings: dict
    prompts: list

    def answer_tokens(self):
        return sum(len(answer.ids) for prompt in self.prompts for answer in prompt.answers)

    def rollouts(self):
        """Every answer with its prompt."""
        return [(prompt, answer) for prompt in self.prompts for answer in prompt.answers]


def read_batch(path, prompts, group):
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["batch"])
        chosen = list(enumerate(about.pop("prompts")))[:prompts]
        return Batch(about, [read_prompt(file, i, one, group) for i, one in chosen])


def read_prompt(file, i, about, group):
    answers = [
        Answer(torch.tensor(one["ids"]), torch.tensor(one["old"]), one["advantage"])
        for one in about["answers"][:group]
    ]
    return Prompt(
        ids=file.get_tensor(f"ids.{i}"),
        positions=file.get_tensor(f"positions.{i}").T.contiguous(),
        next_position=about["next_position"],
        patches=file.get_tensor(f"patches.{i}"),
        grids=file.get_tensor(f"grids.{i}"),
        answers=answers,
    )


def vision_of(prompts):
    """What the model takes of the prompts' clips, prompt after prompt."""
    return {
        "pixel_values_videos": torch.cat([prompt.patches for prompt in prompts]),
        "video_grid_thw": torch.cat([prompt.grids for prompt in prompts]),
    }


def pad_left(rows, value=0):
    """[..., n] each -> [rows, ..., longest], its free places on the left."""
    longest = max(row.shape[-1] for row in rows)
    return torch.stack([torch.nn.functional.pad(row, (longest - row.shape[-1], 0), value=value) for row in rows])


def pad_right(rows, value=0):
    """[..., n] each -> [rows, ..., longest], its free places on the right."""
    longest = max(row.shape[-1] for row in rows)
    return torch.stack([torch.nn.functional.pad(row, (0, longest - row.shape[-1]), value=value) for row in rows])


def peak_mb():
    """Largest resident memory of this process so far, as the system counts it: KB, on macOS bytes."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
