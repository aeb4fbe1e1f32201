"""The two ways of a GRPO step that `rl_step.py` measures.

`Standard` is what trainers built on Hugging Face models do: prompts are repeated, each rollout
is generated and learned from as a sequence of its own. `Shared` computes a prompt once: its
keys and values are repeated for the answers in generation, and in the update prompt and answers
stand in one row under a mask that keeps the answers apart.
"""

import types
from dataclasses import dataclass

import torch
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper
from transformers.models.qwen3_vl.modeling_qwen3_vl import apply_rotary_pos_emb_vision

from rl_batch import pad_left, pad_right, vision_of


@dataclass
class Inputs:
    """A micro-batch: what goes into the model, and what is known of its answer tokens."""

    model: dict
    rows: torch.Tensor  # [tokens], where in the flattened output each token is predicted
    targets: torch.Tensor  # [tokens]
    old: torch.Tensor  # [tokens]
    advantages: torch.Tensor  # [tokens]


def known(rollouts, rows, inputs):
    answers = [answer for _, answer in rollouts]
    return Inputs(
        inputs,
        torch.cat(rows),
        torch.cat([answer.ids for answer in answers]),
        torch.cat([answer.old for answer in answers]),
        torch.cat([torch.full((len(answer.ids),), answer.advantage) for answer in answers]),
    )


def chunks(items, size):
    return [items[i : i + size] for i in range(0, len(items), size)]


def of_targets(model, hidden, inputs, temperature):
    """log p of every answer token: [rows, n, hidden] -> [tokens]. The head sees only their rows."""
    picked = hidden.flatten(0, 1)[inputs.rows]
    logp = torch.log_softmax(model.lm_head(picked) / temperature, dim=-1)
    return logp.gather(1, inputs.targets[:, None])[:, 0]


def after_prompt(prompt, count):
    """Positions of an answer's tokens: [3, count]."""
    return (prompt.next_position + torch.arange(count)).expand(3, -1)


def cut_at_end(rows, ends):
    """Generated rows up to and with the first token that ends an answer."""
    out = []
    for row in rows.tolist():
        length = next((i + 1 for i, token in enumerate(row) if token in ends), len(row))
        out.append(row[:length])
    return out


class Standard:
    """Each rollout by itself."""

    def prepare(self, model):
        """The model as published."""

    def generate(self, model, batch, sample=True):
        settings = batch.settings
        rows = [prompt for prompt, _ in batch.rollouts()]
        ids = pad_left([prompt.ids for prompt in rows])
        # 2 says "video" to the function that counts positions.
        kinds = (ids == model.config.video_token_id).long() * 2
        with torch.no_grad():
            out = model.generate(
                input_ids=ids,
                attention_mask=pad_left([torch.ones_like(prompt.ids) for prompt in rows]),
                mm_token_type_ids=kinds,
                **vision_of(rows),
                do_sample=sample,
                temperature=settings["temperature"],
                top_p=settings["top_p"],
                top_k=settings["top_k"],
                max_new_tokens=settings["max_new_tokens"],
                eos_token_id=settings["eos_token_ids"],
            )
        return cut_at_end(out[:, ids.shape[1] :], settings["eos_token_ids"])

    def micro_batches(self, batch, size):
        for rollouts in chunks(batch.rollouts(), size or 8):
            yield self.collate(rollouts)

    def collate(self, rollouts):
        prompts, answers = zip(*rollouts)
        whole = [torch.cat([p.ids, a.ids]) for p, a in rollouts]
        positions = [torch.cat([p.positions, after_prompt(p, len(a.ids))], 1) for p, a in rollouts]
        ids = pad_right(whole)
        starts = [row * ids.shape[1] + len(p.ids) - 1 for row, p in enumerate(prompts)]
        rows = [start + torch.arange(len(a.ids)) for start, a in zip(starts, answers)]
        inputs = {
            "input_ids": ids,
            "attention_mask": pad_right([torch.ones_like(row) for row in whole]),
            "position_ids": pad_right(positions).transpose(0, 1),
            **vision_of(prompts),
        }
        return known(rollouts, rows, inputs)

    def logprobs(self, model, inputs, temperature):
        hidden = model.model(**inputs.model, use_cache=False).last_hidden_state
        return of_targets(model, hidden, inputs, temperature)


class Shared(Standard):
    """A prompt once for all its answers."""

    def prepare(self, model):
        """The vision tower as a person who cares for speed writes it: frames of a size attend in
        one call, where the published code makes one for each, and patches meet their weights in a
        matrix product, where it has a convolution. Both compute the same."""
        for block in model.model.visual.blocks:
            block.attn.forward = types.MethodType(frames_at_once, block.attn)
        embed = model.model.visual.patch_embed
        embed.forward = types.MethodType(patches_as_rows, embed)

    @torch.no_grad()
    def generate(self, model, batch, sample=True):
        settings, prompts = batch.settings, batch.prompts
        mask = pad_left([torch.ones_like(prompt.ids) for prompt in prompts])
        out = model(
            input_ids=pad_left([prompt.ids for prompt in prompts]),
            attention_mask=mask,
            position_ids=pad_left([prompt.positions for prompt in prompts]).transpose(0, 1),
            **vision_of(prompts),
            use_cache=True,
            logits_to_keep=1,
        )
        counts = torch.tensor([len(prompt.answers) for prompt in prompts])
        spread = torch.repeat_interleave(torch.arange(len(prompts)), counts)
        cache = out.past_key_values
        cache.batch_select_indices(spread)
        mask = mask[spread]
        at = torch.tensor([prompt.next_position for prompt in prompts])[spread]
        return self.decode(model, settings, (out.logits[spread, -1], cache, mask, at), sample)

    def decode(self, model, settings, state, sample):
        """Token after token, from the prompts' last logits [rows, vocab]."""
        logits, cache, mask, at = state
        ends = torch.tensor(settings["eos_token_ids"])
        warp = warpers(settings)
        done = torch.zeros(len(logits), dtype=torch.bool)
        drawn = []
        while True:
            token = draw(warp, logits) if sample else logits.argmax(-1)
            drawn.append(token)
            done |= torch.isin(token, ends)
            if done.all() or len(drawn) == settings["max_new_tokens"]:
                return cut_at_end(torch.stack(drawn, 1), settings["eos_token_ids"])
            mask = torch.nn.functional.pad(mask, (0, 1), value=1)
            out = model(
                input_ids=token[:, None],
                attention_mask=mask,
                position_ids=at[None, :, None].expand(3, -1, -1),
                past_key_values=cache,
                use_cache=True,
            )
            logits, at = out.logits[:, -1], at + 1

    def micro_batches(self, batch, size):
        for prompts in chunks(batch.prompts, size or len(batch.prompts)):
            yield self.collate_groups(prompts)

    def collate_groups(self, prompts):
        ids = pad_right([torch.cat([p.ids, *(a.ids for a in p.answers)]) for p in prompts])
        positions = [
            torch.cat([p.positions, *(after_prompt(p, len(a.ids)) for a in p.answers)], 1) for p in prompts
        ]
        parts = pad_right([self.parts(prompt) for prompt in prompts], value=-1)
        rows = [row * ids.shape[1] + r for row, p in enumerate(prompts) for r in self.target_rows(p)]
        inputs = {
            "input_ids": ids,
            "attention_mask": block_mask(parts),
            "position_ids": pad_right(positions).transpose(0, 1),
            **vision_of(prompts),
        }
        return known([(p, a) for p in prompts for a in p.answers], rows, inputs)

    def parts(self, prompt):
        """0 for the prompt's tokens, k for those of answer k: [n]."""
        answers = [torch.full((len(answer.ids),), k) for k, answer in enumerate(prompt.answers, 1)]
        return torch.cat([torch.zeros(len(prompt.ids), dtype=torch.long), *answers])

    def target_rows(self, prompt):
        """Where each answer's tokens are predicted: the first by the prompt's last token."""
        start, last = len(prompt.ids), len(prompt.ids) - 1
        for answer in prompt.answers:
            yield torch.cat([torch.tensor([last]), torch.arange(start, start + len(answer.ids) - 1)])
            start += len(answer.ids)


def patches_as_rows(self, patches):
    weight = self.proj.weight.flatten(1)
    return torch.nn.functional.linear(patches.to(weight.dtype), weight, self.proj.bias)


def frames_at_once(self, hidden_states, cu_seqlens, position_embeddings, **_):
    """Attention within frames that all have the same number of patches: [n, hidden] -> the same."""
    if len(set(cu_seqlens.diff().tolist())) > 1:
        raise ValueError("frames of different sizes cannot attend in one call")
    n, frames = len(hidden_states), len(cu_seqlens) - 1
    query, key, value = self.qkv(hidden_states).view(n, 3, self.num_heads, -1).unbind(1)
    query, key = apply_rotary_pos_emb_vision(query, key, *position_embeddings)
    heads = (x.view(frames, n // frames, self.num_heads, -1).transpose(1, 2) for x in (query, key, value))
    seen = torch.nn.functional.scaled_dot_product_attention(*heads)
    return self.proj(seen.transpose(1, 2).reshape(n, -1))


def block_mask(parts):
    """Who sees whom: the past of its own part, and the whole prompt. [rows, n] -> [rows, 1, n, n]."""
    query, key = parts[:, :, None], parts[:, None, :]
    past = torch.ones(parts.shape[1], parts.shape[1], dtype=torch.bool).tril()
    return (past & ((query == key) | ((key == 0) & (query > 0))))[:, None]


def warpers(settings):
    chosen = LogitsProcessorList()
    if settings["temperature"] != 1.0:
        chosen.append(TemperatureLogitsWarper(settings["temperature"]))
    if settings["top_k"] > 0:
        chosen.append(TopKLogitsWarper(settings["top_k"]))
    if settings["top_p"] < 1.0:
        chosen.append(TopPLogitsWarper(settings["top_p"]))
    return chosen


def draw(warp, logits):
    return torch.multinomial(torch.softmax(warp(None, logits), dim=-1), 1)[:, 0]
