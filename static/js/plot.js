// Charts over training steps, drawn by uPlot. Loaded when the first chart is shown; the page's
// own code (frontend/src/parts/plot.rs) makes a group per page, a chart per panel, and hands
// over numbers. Zoom, cursor and the scrubbed step belong to the group, so all charts share them.
// It knows nothing of runs, and makes no text but what the given formatters give.

import uPlot from "../vendor/uplot/uplot.js";

// A drag shorter than this is a click, pixels.
const CLICK = 4;
// A click waits this long for the second one that would make it a reset, ms.
const DOUBLE_MS = 220;
// The least stretch of steps one can zoom to.
const LEAST = 4;

const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** All charts of a page. `tell(what, value, value)` hears of `range` and `scrub`. */
export class Group {
  constructor(value, whole, tell) {
    Object.assign(this, { value, whole, tell });
    this.charts = new Set();
    this.range = null; // [from, to]; null for all steps
    this.cursor = null; // the step under the pointer
    this.mark = null; // the scrubbed step
    this.keep = 0.9; // how much of its past the smoothed curve keeps
    this.waiting = false;
    this.seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        entry.target.chart.visible = entry.isIntersecting;
        if (entry.isIntersecting) this.later();
      }
    }, { rootMargin: "120px" });
    this.theme = new MutationObserver(() => this.all("look"));
    this.theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  chart(host, legend, options) {
    return new Chart(this, host, legend, options);
  }

  /** Ends the group with its charts. */
  free() {
    for (const chart of [...this.charts]) chart.free();
    this.seen.disconnect();
    this.theme.disconnect();
  }

  /** The last step that any chart has. */
  last() {
    let last = 1;
    for (const chart of this.charts) if (chart.x.length) last = Math.max(last, chart.x.at(-1));
    return last;
  }

  first() {
    let first = Infinity;
    for (const chart of this.charts) if (chart.x.length) first = Math.min(first, chart.x[0]);
    return Number.isFinite(first) ? first : 0;
  }

  /** The steps shown. */
  shown() {
    const [from, to] = this.range ?? [this.first(), this.last()];
    return to > from ? [from, to] : [from - 1, to + 1];
  }

  zoom(from, to) {
    const [first, last] = [this.first(), this.last()];
    const width = clamp(to - from, Math.min(LEAST, last - first), last - first);
    from = clamp(from, first, last - width);
    this.range = width >= last - first ? null : [from, from + width];
    this.tell("range", this.range ? Math.ceil(from) : NaN, this.range ? Math.floor(from + width) : NaN);
    this.all("scale");
  }

  reset() {
    this.range = null;
    this.tell("range", NaN, NaN);
    this.all("scale");
  }

  /** Zooms by a factor around a step. */
  zoomAt(step, factor) {
    const [from, to] = this.shown();
    this.zoom(step - (step - from) * factor, step + (to - step) * factor);
  }

  pan(steps) {
    const [from, to] = this.shown();
    this.zoom(from + steps, to + steps);
  }

  hover(step) {
    if (step === this.cursor) return;
    this.cursor = step;
    this.all("cursor");
  }

  at(step) {
    this.mark = Number.isNaN(step) ? null : step;
    this.all("mark");
  }

  smooth(keep) {
    this.keep = keep;
    this.all("smooth");
  }

  all(what) {
    for (const chart of this.charts) chart.dirty.add(what);
    this.later();
  }

  /** Draws what has changed and can be seen, once per frame. */
  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      for (const chart of this.charts) if (chart.visible && chart.dirty.size) chart.draw();
    });
  }
}

/** One chart: a canvas, its numbers, and the words of its legend. */
class Chart {
  constructor(group, host, legend, { log, floor, share }) {
    Object.assign(this, { group, host, legend, log, floor, share });
    this.x = [];
    this.raw = [];
    this.soft = [];
    this.sums = [];
    this.dirty = new Set();
    this.visible = false;
    this.plot = null;
    host.chart = this;
    group.charts.add(this);
    group.seen.observe(host);
    this.sized = new ResizeObserver(() => this.note("size"));
    this.sized.observe(host);
    this.gone = new AbortController();
    this.listen();
  }

  free() {
    if (!this.group.charts.delete(this)) return;
    clearTimeout(this.click);
    this.gone.abort();
    this.sized.disconnect();
    this.group.seen.unobserve(this.host);
    this.plot?.destroy();
    delete this.host.chart;
  }

  note(what) {
    this.dirty.add(what);
    this.group.later();
  }

  /** All numbers anew: steps, and a column for each curve. NaN is a gap. */
  set(xs, columns) {
    this.x = [];
    this.raw = columns.map(() => []);
    this.soft = columns.map(() => []);
    this.sums = columns.map(() => [0, 0]);
    this.add(xs, columns);
    this.dirty.add("build");
  }

  /** More steps at the end. */
  add(xs, columns) {
    for (let i = 0; i < xs.length; i++) this.x.push(xs[i]);
    columns.forEach((column, k) => {
      const raw = this.raw[k];
      const from = raw.length;
      for (let i = 0; i < column.length; i++) raw.push(Number.isNaN(column[i]) ? null : column[i]);
      this.soften(k, from);
    });
    // A longer axis concerns every chart.
    this.group.all("data");
  }

  setLog(log) {
    this.log = log;
    this.note("build");
  }

  /** An exponential mean that starts unbiased. */
  soften(k, from) {
    const { keep } = this.group;
    const [raw, soft, state] = [this.raw[k], this.soft[k], this.sums[k]];
    if (from === 0) state.fill(0);
    for (let i = from; i < raw.length; i++) {
      const y = raw[i];
      if (y !== null) {
        state[0] = state[0] * keep + y;
        state[1] = state[1] * keep + 1;
      }
      soft[i] = y === null ? null : state[0] / state[1];
    }
  }

  draw() {
    const began = performance.now();
    const dirty = this.dirty;
    this.dirty = new Set();
    if (dirty.has("smooth")) this.raw.forEach((_, k) => this.soften(k, 0));
    const built = !this.plot || dirty.has("build");
    if (built) this.build();
    if (!this.plot) return;
    if (dirty.has("look")) this.paint();
    // A batch is drawn at its end; else uPlot would wait, and places be those of before.
    this.plot.batch(() => {
      if (!built && (dirty.has("data") || dirty.has("smooth"))) this.plot.setData(this.columns(), true);
      else if (dirty.has("scale")) this.rescale();
      if (dirty.has("size")) this.fit();
      if (dirty.has("look") || dirty.has("mark")) this.plot.redraw(false, true);
    });
    this.place();
    this.read();
    this.host.dataset.points = this.x.length;
    const [from, to] = this.group.shown();
    this.host.dataset.range = `${Math.ceil(from)} ${Math.floor(to)}`;
    this.host.dataset.drawMs = (performance.now() - began).toFixed(1);
  }

  columns() {
    const off = this.group.keep === 0;
    return [this.x, ...this.raw.flatMap((raw, k) => [off ? [] : raw, off ? raw : this.soft[k]])];
  }

  /** Colours as the theme has them now. */
  paint() {
    this.ink = token("--ink-3");
    this.line = token("--line");
    this.accent = token("--accent");
    this.veil = token("--surface");
    const dots = this.legend.querySelectorAll("i.dot");
    this.colours = this.raw.map((_, k) => (dots[k] ? getComputedStyle(dots[k]).backgroundColor : this.ink));
  }

  build() {
    this.plot?.destroy();
    this.plot = null;
    const { width, height } = this.host.getBoundingClientRect();
    if (width < 40 || height < 40) return this.dirty.add("build");
    this.paint();
    this.knee = this.log ? this.findKnee() : 1;
    const font = `10.5px ${getComputedStyle(this.host).fontFamily}`;
    const axis = { stroke: () => this.ink, font, ticks: { show: false } };
    const grid = { stroke: () => this.line, width: 1 };
    const curve = (k, soft) => ({
      stroke: () => this.colours[k],
      width: soft ? 1.7 : 1,
      alpha: soft ? 1 : 0.2,
      points: { show: (u) => soft && this.x.length < 2 && u.data[0].length > 0, size: 5 },
      spanGaps: true,
    });
    const value = (u, splits) => splits.map((v) => (v === null ? "" : this.group.value(v)));
    this.plot = new uPlot({
      width, height,
      padding: [8, 22, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: CLICK } },
      select: { show: true },
      scales: {
        x: { time: false, range: () => this.group.shown() },
        y: this.log
          ? { distr: 4, asinh: this.knee, range: (u, low, high) => this.logRange(low, high) }
          : { range: (u, low, high) => this.range(low, high) },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 22, gap: 4, space: 64,
          values: (u, splits) => splits.map((v) => (Number.isInteger(v) ? this.group.whole(v) : "")) },
        { ...axis, grid, size: 48, gap: 6, space: 30, values: value,
          ...(this.log && { splits: (u, i, low, high) => this.decades(low, high) }) },
      ],
      series: [{}, ...this.raw.flatMap((_, k) => [curve(k, false), curve(k, true)])],
      hooks: {
        setSelect: [(u) => this.selected(u)],
        draw: [(u) => this.drawMark(u)],
      },
    }, this.columns(), this.host);
  }

  /** Where the logarithmic axis turns linear, so that zeros have a place: below nearly all. */
  findKnee() {
    const sizes = this.raw.flatMap((raw) => raw.filter((y) => y !== null && y !== 0).map(Math.abs));
    sizes.sort((a, b) => a - b);
    return sizes.length ? Math.max(sizes[Math.floor(sizes.length * 0.02)], sizes.at(-1) * 1e-6) : 1;
  }

  range(low, high) {
    if (low === null) return [0, this.floor || 1];
    if (this.share || low >= 0 && low < high * 0.5) {
      return [Math.min(0, low), Math.max(high * 1.06, this.floor || 1e-9)];
    }
    const pad = (high - low || Math.abs(high) || 1) * 0.08;
    return [low - pad, high + pad];
  }

  logRange(low, high) {
    if (low === null) return [0, 1];
    return [low < 0 ? low * 1.2 : 0, Math.max(high * 1.3, this.knee)];
  }

  /** Zero and powers of ten, few enough to be read. */
  decades(low, high) {
    const first = Math.ceil(Math.log10(this.knee));
    const last = Math.floor(Math.log10(Math.max(high, this.knee)));
    const every = Math.max(1, Math.ceil((last - first + 1) / 5));
    const splits = low < 0 ? [-(10 ** first), 0] : [0];
    for (let power = first; power <= last; power += every) splits.push(10 ** power);
    return splits;
  }

  rescale() {
    const [min, max] = this.group.shown();
    this.plot.setScale("x", { min, max });
  }

  fit() {
    const { width, height } = this.host.getBoundingClientRect();
    if (width >= 40 && height >= 40) this.plot.setSize({ width, height });
  }

  /** The scrubbed step as a dashed line, what comes after it veiled. */
  drawMark(u) {
    const { mark } = this.group;
    if (mark === null) return;
    const { ctx, bbox } = u;
    const x = clamp(u.valToPos(mark, "x", true), bbox.left, bbox.left + bbox.width);
    ctx.save();
    ctx.globalAlpha = 0.55;
    ctx.fillStyle = this.veil;
    ctx.fillRect(x, bbox.top, bbox.left + bbox.width - x, bbox.height);
    ctx.globalAlpha = 1;
    ctx.strokeStyle = this.accent;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  /** Puts the cursor where the group's is. */
  place() {
    const { cursor } = this.group;
    // Asking for a width makes the browser lay out the page at once, so only where it matters.
    const left = cursor === null ? -10 : this.plot.valToPos(cursor, "x");
    const inside = left >= 0 && left <= this.plot.over.clientWidth;
    this.plot.setCursor({ left: inside ? left : -10, top: inside ? 0 : -10 }, false);
  }

  /** Index of the step nearest to `step`. */
  nearest(step) {
    const { x } = this;
    let [low, high] = [0, x.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (x[middle] < step) low = middle + 1;
      else high = middle;
    }
    return low > 0 && step - x[low - 1] < x[low] - step ? low - 1 : low;
  }

  /** Every curve at the step under the cursor, else the scrubbed one, else where it ends. */
  read() {
    if (!this.x.length) return;
    const step = this.group.cursor ?? this.group.mark;
    const index = step === null ? this.x.length - 1 : this.nearest(step);
    this.legend.querySelectorAll("b").forEach((cell, k) => {
      const raw = this.raw[k] ?? [];
      const y = step === null ? raw.findLast((value) => value !== null) : raw[index];
      const text = y === null || y === undefined ? "–" : this.group.value(y);
      if (cell.textContent !== text) cell.textContent = text;
    });
    this.legend.dataset.step = this.x[index];
    this.sayStep(index);
  }

  /** The step under the cursor, below the plot. */
  sayStep(index) {
    const word = this.host.querySelector(".plot-step") ?? this.host.appendChild(document.createElement("span"));
    word.className = "plot-step num";
    word.hidden = this.group.cursor === null;
    if (word.hidden) return;
    word.textContent = this.group.whole(this.x[index]);
    const left = this.plot.valToPos(this.x[index], "x") + this.plot.over.offsetLeft;
    word.style.left = `${clamp(left, 30, this.host.clientWidth - 24)}px`;
  }

  selected(u) {
    const { left, width } = u.select;
    if (width <= 0) return;
    const [from, to] = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.group.zoom(from, to);
  }

  /** The step under the pointer; null beside the plot. */
  stepAt(event) {
    if (!this.plot || !this.x.length) return null;
    const box = this.plot.over.getBoundingClientRect();
    const left = event.clientX - box.left;
    if (left < -2 || left > box.width + 2) return null;
    return this.x[this.nearest(this.plot.posToVal(left, "x"))];
  }

  listen() {
    const on = (name, act, more) =>
      this.host.addEventListener(name, act, { signal: this.gone.signal, ...more });
    on("pointermove", (event) => this.group.hover(this.stepAt(event)));
    on("pointerleave", () => this.group.hover(null));
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("mousedown", (event) => this.press(event), { capture: true });
    on("dblclick", () => {
      clearTimeout(this.click);
      this.group.reset();
    });
    on("keydown", (event) => this.key(event));
    on("blur", () => this.group.hover(null));
  }

  /** Zooms where that is surely meant: with Ctrl, or on the chart that was clicked. */
  wheel(event) {
    const step = this.stepAt(event);
    const meant = event.ctrlKey || event.metaKey || document.activeElement === this.host;
    if (!meant || step === null) return;
    event.preventDefault();
    if (event.shiftKey) {
      const [from, to] = this.group.shown();
      return this.group.pan(((event.deltaY || event.deltaX) / 800) * (to - from));
    }
    this.group.zoomAt(this.plot.posToVal(event.clientX - this.plot.over.getBoundingClientRect().left, "x"), Math.exp(event.deltaY / 500));
  }

  press(event) {
    if (event.button !== 0 || !this.plot) return;
    this.host.focus({ preventScroll: true });
    const start = { x: event.clientX, range: this.group.shown() };
    const pan = event.shiftKey;
    if (pan) event.stopPropagation(), event.preventDefault();
    const ended = new AbortController();
    const move = (now) => {
      if (!pan) return;
      const [from, to] = start.range;
      const steps = ((start.x - now.clientX) / this.plot.over.clientWidth) * (to - from);
      this.group.zoom(from + steps, to + steps);
    };
    const end = (now) => {
      ended.abort();
      const step = this.stepAt(now);
      if (pan || Math.abs(now.clientX - start.x) >= CLICK || step === null) return;
      clearTimeout(this.click);
      this.click = setTimeout(() => this.group.tell("scrub", step, NaN), DOUBLE_MS);
    };
    addEventListener("mousemove", move, { signal: ended.signal });
    addEventListener("mouseup", end, { signal: ended.signal });
  }

  key(event) {
    if (!this.x.length || event.altKey || event.ctrlKey || event.metaKey) return;
    const { group } = this;
    const now = group.cursor ?? group.mark ?? this.x.at(-1);
    const move = (by) => {
      const index = clamp(this.nearest(now) + by * (event.shiftKey ? 10 : 1), 0, this.x.length - 1);
      const step = this.x[index];
      const [from, to] = group.shown();
      if (step < from || step > to) group.pan(step < from ? step - from : step - to);
      group.hover(step);
    };
    const acts = {
      ArrowLeft: () => move(-1),
      ArrowRight: () => move(1),
      Home: () => group.hover(this.x[0]),
      End: () => group.hover(this.x.at(-1)),
      "+": () => group.zoomAt(now, 0.6),
      "=": () => group.zoomAt(now, 0.6),
      "-": () => group.zoomAt(now, 1 / 0.6),
      0: () => group.reset(),
      Enter: () => group.tell("scrub", now, NaN),
    };
    if (!acts[event.key]) return;
    // The page has the same keys for the scrubbed step.
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }
}
