"""One GRPO step (arXiv 2402.03300) in PyTorch, for measuring beside ours.

Reads a Hugging Face folder of `Qwen3VLForConditionalGeneration` and a batch written by
`rl_bench dump`: prompts as token ids, positions and patches, and sampled answers with their
log-probabilities and advantages. No processor is used, so that both sides compute on the same
numbers.

    rl_step.py POLICY BATCH --mode standard   every rollout is a sequence of its own
    rl_step.py POLICY BATCH --mode shared     a prompt is computed once for its answers

Prints one JSON object: seconds of each round, tokens generated, loss and gradient norm of
each update, and resident memory.
"""

import argparse
import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402
import transformers  # noqa: E402

import rl_modes  # noqa: E402
from rl_batch import peak_mb, read_batch  # noqa: E402

# As our loss has them: a log-ratio and a divergence estimate may not grow beyond these.
RATIO_CLAMP = 20.0
KL_CLAMP = 10.0
MODES = {"standard": rl_modes.Standard, "shared": rl_modes.Shared}


def load_policy(folder):
    model = transformers.Qwen3VLForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="sdpa", local_files_only=True
    )
    # The padding token is an ordinary one to us: its embedding learns too.
    model.model.language_model.embed_tokens.padding_idx = None
    return model.eval()


def token_loss(settings, logp, reference, old, advantage):
    """Cost of each token: clipped surrogate with a dual clip, and k3 against the reference."""
    ratio = (logp - old).clamp(-RATIO_CLAMP, RATIO_CLAMP).exp()
    bounded = ratio.clamp(1 - settings["clip_low"], 1 + settings["clip_high"])
    cost = torch.maximum(-advantage * ratio, -advantage * bounded)
    capped = torch.minimum(cost, -advantage * settings["dual_clip"])
    cost = torch.where(advantage < 0, capped, cost)
    gap = (reference - logp).clamp(-RATIO_CLAMP, RATIO_CLAMP)
    k3 = (gap.exp() - gap - 1).clamp(-KL_CLAMP, KL_CLAMP)
    return cost + settings["kl_coef"] * k3


def update(model, reference, optimizer, batch, mode, micro):
    """One AdamW step on the token mean over the batch, its gradient summed over micro-batches."""
    settings = batch.settings
    optimizer.zero_grad(set_to_none=True)
    count = batch.answer_tokens()
    total = 0.0
    for inputs in mode.micro_batches(batch, micro):
        logp = mode.logprobs(model, inputs, settings["temperature"])
        with torch.no_grad():
            frozen = mode.logprobs(reference, inputs, settings["temperature"])
        loss = token_loss(settings, logp, frozen, inputs.old, inputs.advantages).sum() / count
        loss.backward()
        total += loss.item()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings["grad_clip"])
    optimizer.step()
    return total, norm.item()


def measure(args, batch):
    mode, model = MODES[args.mode](), load_policy(args.policy)
    mode.prepare(model)
    # Its own copy of the weights, prepared by itself: a copied method would stay with the first.
    reference = load_policy(args.policy).requires_grad_(False)
    mode.prepare(reference)
    settings = batch.settings
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings["learning_rate"], weight_decay=settings["weight_decay"], fused=True
    )
    base = peak_mb()
    seconds = {"rollout": [], "update": []}
    tokens, longest, updates = [], [], []
    for seed in range(args.rounds):
        torch.manual_seed(seed)
        if args.generate:
            start = time.perf_counter()
            answers = mode.generate(model, batch)
            seconds["rollout"].append(time.perf_counter() - start)
            tokens.append(sum(len(ids) for ids in answers))
            longest.append(max(len(ids) for ids in answers))
        if args.update:
            start = time.perf_counter()
            updates.append(update(model, reference, optimizer, batch, mode, args.micro))
            seconds["update"].append(time.perf_counter() - start)
    return {
        "seconds": seconds, "tokens": tokens, "longest": longest,
        "loss": [loss for loss, _ in updates], "grad_norm": [norm for _, norm in updates],
        "base_mb": base, "peak_mb": peak_mb(), "threads": torch.get_num_threads(),
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def greedy(args, batch):
    """The likeliest answers, as lists of ids: for checking that all sides compute the same."""
    mode, model = MODES[args.mode](), load_policy(args.policy)
    mode.prepare(model)
    return {"answers": mode.generate(model, batch, sample=False)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("policy", help="folder of the policy")
    parser.add_argument("batch", help="file written by `rl_bench dump`")
    parser.add_argument("--mode", choices=MODES, default="standard")
    parser.add_argument("--prompts", type=int, help="only so many prompts of the batch")
    parser.add_argument("--group", type=int, help="only so many answers of each")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--micro", type=int, help="rollouts (standard) or groups (shared) in one pass")
    parser.add_argument("--generate", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--update", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--greedy", action="store_true", help="print the likeliest answers and stop")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_num_interop_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    batch = read_batch(args.batch, args.prompts, args.group)
    json.dump((greedy if args.greedy else measure)(args, batch), sys.stdout)
    print()


if __name__ == "__main__":
    main()
