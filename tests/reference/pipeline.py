"""The Python way of making VideoSSR data (arXiv 2511.06281), for measuring beside ours.

Does what the pipeline released with the paper does: 48 frames with decord, a JPEG per frame,
perturbations with Pillow, shapes with OpenCV, shuffled clips as lists of paths, Parquet rows.
Written for this project from the paper's description; it is measured, never used for data.

    pipeline.py frames VIDEO...                     decode and resize each, nothing written
    pipeline.py together VIDEO...                   the same, one video per core at a time
    pipeline.py samples --task T --count N VIDEO... frames as JPEG, then one task's samples
    pipeline.py build --count N --out DIR VIDEO...  frames, the mixture's samples, Parquet

Prints one JSON object: [wall, processor] seconds of each stage, and the peak resident memory.
"""

import argparse
import json
import math
import multiprocessing
import random
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from decord import VideoReader, cpu
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

FRAMES = 48
SHORT_SIDE = 256
# The mixture of VideoSSR-30K, in tenths: four changes, a jigsaw of six clips, counting.
MIXTURE = ["channel-swap", "mirror", "zoom-out", "rotate180"] + ["jigsaw"] * 4 + ["counting"] * 2
SYSTEM = "Answer directly, in the format that is asked for."
SHAPES = ["circle", "square", "triangle"]


# ---- frames -----------------------------------------------------------------------------


def indices(total):
    """Evenly spaced over the middle nine tenths."""
    start, end = int(total * 0.05), int(total * 0.95)
    if end - start < FRAMES:
        raise ValueError(f"too short: {total} frames")
    step = (end - start) // FRAMES
    return [start + i * step for i in range(FRAMES)]


def target_size(width, height):
    scale = min(1.0, SHORT_SIDE / min(width, height))
    return tuple(max(2, round(side * scale / 2) * 2) for side in (width, height))


def sample(path, own_resize, threads):
    """48 frames as an array, and the label clock. Resizing is OpenCV's, or decord's own."""
    reader = VideoReader(str(path), ctx=cpu(0), num_threads=threads)
    total, rate = len(reader), reader.get_avg_fps()
    chosen = indices(total)
    if own_resize:
        height, width = reader[0].shape[:2]
        width, height = target_size(width, height)
        reader = VideoReader(str(path), ctx=cpu(0), num_threads=threads, width=width, height=height)
        return reader.get_batch(chosen).asnumpy(), FRAMES / (total / rate)
    frames = reader.get_batch(chosen).asnumpy()
    size = target_size(frames.shape[2], frames.shape[1])
    small = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames])
    return small, FRAMES / (total / rate)


def write_strip(job):
    """Stage one for one video: its frames as JPEG files."""
    path, out, quality, threads = job
    try:
        frames, rate = sample(path, False, threads)
    except Exception as error:  # decord raises its own kinds; a bad video is left out
        return str(path), None, str(error)
    folder = Path(out) / path.stem
    folder.mkdir(parents=True, exist_ok=True)
    for i, frame in enumerate(frames):
        bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / f"{i}.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return str(folder), rate, None


# ---- samples ----------------------------------------------------------------------------


def zoom_out(image, rng):
    width, height = image.size
    scale = rng.uniform(1.2, 1.4)
    small = image.resize((int(width / scale), int(height / scale)), Image.LANCZOS)
    canvas = Image.new("RGB", image.size)
    canvas.paste(small, ((width - small.width) // 2, (height - small.height) // 2))
    return canvas


def zoom_in(image, rng):
    width, height = image.size
    scale = rng.uniform(1.3, 1.5)
    w, h = int(width / scale), int(height / scale)
    left, top = (width - w) // 2, (height - h) // 2
    return image.crop((left, top, left + w, top + h)).resize((width, height), Image.LANCZOS)


def noise(image, rng):
    pixels = np.asarray(image, dtype=np.float32)
    grain = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(35, 70), pixels.shape)
    return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))


PERTURB = {
    "grayscale": lambda image, rng: image.convert("L").convert("RGB"),
    "invert": lambda image, rng: ImageOps.invert(image),
    "channel-swap": lambda image, rng: Image.fromarray(np.asarray(image)[:, :, ::-1]),
    "rotate180": lambda image, rng: image.rotate(180),
    "noise": noise,
    "zoom-in": zoom_in,
    "zoom-out": zoom_out,
    "mirror": lambda image, rng: ImageOps.mirror(image),
    "blur": lambda image, rng: image.filter(ImageFilter.GaussianBlur(2)),
    "saturation": lambda image, rng: ImageEnhance.Color(image).enhance(2.0),
}


def grounding(folder, rate, kind, index, rng, quality):
    length = rng.randint(8, 16)
    start = rng.randint(0, FRAMES - length)
    paths = [str(folder / f"{i}.jpg") for i in range(FRAMES)]
    for slot in range(start, start + length):
        with Image.open(paths[slot]) as image:
            changed = PERTURB[kind](image.convert("RGB"), rng)
        paths[slot] = str(folder / f"{slot}_{kind}_{index}.jpg")
        changed.save(paths[slot], quality=quality)
    answer = f"{start / rate:.1f}-{(start + length) / rate:.1f}"
    question = f"<video>\nSome frames are changed ({kind}). When? <start>-<end> in seconds."
    extra = {"perturbation_type": kind, "perturbed_frames_count": length, "start_frame_index": start}
    return record("grounding", [paths], rate, question, answer, folder, index, extra)


def polygon(kind, center, size, angle):
    if kind == "square":
        corners = [(-size / 2, -size / 2), (size / 2, -size / 2), (size / 2, size / 2), (-size / 2, size / 2)]
    else:
        height = size * math.sqrt(3) / 2
        corners = [(0, -height * 2 / 3), (-size / 2, height / 3), (size / 2, height / 3)]
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([(center[0] + x * cos - y * sin, center[1] + x * sin + y * cos) for x, y in corners], np.int32)


def draw(image, kind, copies, rng):
    height, width = image.shape[:2]
    short = min(width, height)
    drawn = []
    for _ in range(copies):
        size = rng.randint(int(short * 0.2), int(short * 0.4))
        margin = int(size * 0.75)
        for _ in range(20):
            x = rng.randint(max(margin, int(width * 0.15)), min(width - margin, int(width * 0.85)))
            y = rng.randint(max(margin, int(height * 0.15)), min(height - margin, int(height * 0.85)))
            if all(math.dist((x, y), at) >= size for at in drawn):
                break
        drawn.append((x, y))
        color = tuple(rng.randint(50, 255) for _ in range(3))
        if kind == "circle":
            cv2.circle(image, (x, y), size // 2, color, -1)
        else:
            cv2.fillPoly(image, [polygon(kind, (x, y), size, rng.uniform(0, 2 * math.pi))], color)


def spaced(used, wanted, rng):
    """Frames not used by any shape, more than eight apart."""
    chosen = []
    free = [i for i in range(FRAMES) if i not in used]
    while free and len(chosen) < wanted:
        pick = rng.choice(free)
        chosen.append(pick)
        free = [i for i in free if abs(i - pick) > 8]
    return chosen


def counting(folder, rate, _, index, rng, quality):
    paths = [str(folder / f"{i}.jpg") for i in range(FRAMES)]
    used, counts = set(), []
    for kind in SHAPES:
        count = 0
        for slot in spaced(used, rng.randint(1, 3), rng):
            used.add(slot)
            copies = rng.randint(1, 3)
            image = cv2.imread(paths[slot])
            draw(image, kind, copies, rng)
            paths[slot] = str(folder / f"{slot}_count_{index}.jpg")
            cv2.imwrite(paths[slot], image, [cv2.IMWRITE_JPEG_QUALITY, quality])
            count += copies
        counts.append(count)
    question = "<video>\nHow many circles, squares and triangles are drawn? circles,squares,triangles"
    return record("counting", [paths], rate, question, ",".join(map(str, counts)), folder, index, {})


def jigsaw(folder, rate, _, index, rng, quality):
    clips = 6
    size = FRAMES // clips
    order = list(range(clips))
    rng.shuffle(order)
    videos = [[str(folder / f"{part * size + i}.jpg") for i in range(size)] for part in order]
    answer = "".join(str(order.index(part) + 1) for part in range(clips))
    question = "".join(f"Clip {i + 1}: <video>\n" for i in range(clips)) + "Order of the clips? Digits only."
    return record("jigsaw", videos, rate, question, answer, folder, index, {})


def record(source, videos, rate, question, answer, folder, index, extra):
    pixels = {"sample_fps": rate, "max_pixels": 65536, "min_pixels": 16384}
    return {
        "data_source": source,
        "prompt": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}],
        "videos": [{"video": paths, **pixels} for paths in videos],
        "ability": "video_understanding",
        "reward_model": {"style": "rule", "ground_truth": answer},
        "extra_info": {
            "split": "train", "index": index, "answer": answer, "question": question,
            "video_id": folder.name, "sampling_fps": rate, "perturbation_type": None,
            "perturbed_frames_count": None, "start_frame_index": None, **extra,
        },
    }


def make_sample(job):
    folder, rate, task, index, seed, quality = job
    rng = random.Random(f"{seed}-{index}")
    make = {"counting": counting, "jigsaw": jigsaw}.get(task, grounding)
    return make(Path(folder), rate, task, index, rng, quality)


# ---- stages -----------------------------------------------------------------------------


def one_thread():
    """In each process of several: they share the cores already."""
    cv2.setNumThreads(1)


def spread(work, jobs, processes):
    if processes == 1:
        return [work(job) for job in jobs]
    with multiprocessing.Pool(processes, one_thread) as pool:
        return pool.map(work, jobs, chunksize=max(1, min(32, len(jobs) // (4 * processes))))


def stage_frames(args, out):
    # One decoding thread in each of several processes: measured to be quicker than sharing.
    threads = 0 if args.processes == 1 else 1
    jobs = [(path, out, args.quality, threads) for path in args.videos]
    strips = spread(write_strip, jobs, args.processes)
    for name, _, error in strips:
        if error:
            print(f"{name}: {error.splitlines()[0]}", file=sys.stderr)
    good = [(folder, rate) for folder, rate, error in strips if not error]
    if not good:
        sys.exit("no video could be read")
    return good


def stage_samples(args, strips, tasks):
    jobs = [(*strips[i % len(strips)], tasks[i % len(tasks)], i, args.seed, args.quality) for i in range(args.count)]
    return spread(make_sample, jobs, args.processes)


def cpu_secs():
    """Of this process and those it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def timed(seconds, name, work, *arguments):
    wall, cpu = time.perf_counter(), cpu_secs()
    result = work(*arguments)
    seconds[name] = [time.perf_counter() - wall, cpu_secs() - cpu]
    return result


def sample_only(job):
    """Decodes and resizes one video; says whether it could."""
    path, own_resize, threads = job
    try:
        sample(path, own_resize, threads)
    except Exception as error:
        print(f"{path.name}: {str(error).splitlines()[0]}", file=sys.stderr)
        return False
    return True


def frames(args):
    seconds = {}
    for path in args.videos:
        if not timed(seconds, str(path), sample_only, (path, args.own_resize, args.threads)):
            del seconds[str(path)]
    return seconds


def together(args):
    seconds = {}
    jobs = [(path, args.own_resize, 1) for path in args.videos]
    timed(seconds, "all", spread, sample_only, jobs, args.processes)
    return seconds


def samples(args):
    seconds = {}
    with tempfile.TemporaryDirectory(dir=args.out) as out:
        strips = timed(seconds, "frames", stage_frames, args, out)
        rows = timed(seconds, "samples", stage_samples, args, strips, [args.task])
        table = timed(seconds, "parquet", lambda: write_parquet(rows, Path(out)))
        assert table == args.count
    return seconds


def write_parquet(rows, out):
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, out / "train.parquet")
    return table.num_rows


def build(args):
    seconds = {}
    shutil.rmtree(args.out, ignore_errors=True)
    out = Path(args.out)
    out.mkdir(parents=True)
    timed(seconds, "whole", stages, args, out, seconds)
    return seconds


def stages(args, out, seconds):
    strips = timed(seconds, "frames", stage_frames, args, out)
    rows = timed(seconds, "samples", stage_samples, args, strips, MIXTURE)
    timed(seconds, "parquet", write_parquet, rows, out)


def peak_mb():
    """Of the largest process, as the system counts it: KB, on macOS bytes."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(w).ru_maxrss for w in who) / unit


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["frames", "together", "samples", "build"])
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--own-resize", action="store_true", help="decord resizes, not OpenCV")
    parser.add_argument("--threads", type=int, default=0, help="decord's decoding threads, 0 for its default")
    parser.add_argument("--task", default="mirror", help="a perturbation, counting or jigsaw")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--quality", type=int, default=90, help="of JPEG files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", help="folder to write in")
    args = parser.parse_args()
    if args.mode == "build" and not args.out:
        parser.error("build needs --out")
    seconds = {"frames": frames, "together": together, "samples": samples, "build": build}[args.mode](args)
    json.dump({"seconds": seconds, "peak_mb": peak_mb()}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
