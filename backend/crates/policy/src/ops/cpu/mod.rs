//! CPU kernels over plain slices: row-major, f32, forward and backward.
//!
//! Work is cut into pieces of fixed size, never by the number of threads, and partial sums are
//! added in order: results do not depend on how many threads run.

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod linear;
pub(crate) mod logprob;
pub(crate) mod norm;
pub(crate) mod rotate;
pub(crate) mod rows;
pub(crate) mod simd;

/// Numbers in one piece of an elementwise pass: small enough for a core's own cache.
pub(crate) const PIECE: usize = 16 * 1024;

/// A buffer whose every element the caller writes before it is read.
#[allow(clippy::uninit_vec, reason = "zeroing what a kernel overwrites would cost a pass over it")]
pub(crate) fn unwritten(len: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(len);
    // SAFETY: f32 has no invalid bit patterns, and callers write before they read.
    unsafe { out.set_len(len) };
    out
}

/// A pointer that tasks share; each writes places no other task touches.
#[derive(Clone, Copy)]
pub(crate) struct Shared(*mut f32);

// SAFETY: the kernels give each task its own rows or columns.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    pub fn new(values: &mut [f32]) -> Self {
        Self(values.as_mut_ptr())
    }

    /// # Safety
    /// `at` is inside the buffer.
    pub unsafe fn at(self, at: usize) -> *mut f32 {
        unsafe { self.0.add(at) }
    }
}

/// A matrix somewhere in memory: first element, distance of rows, distance of columns.
#[derive(Clone, Copy)]
pub(crate) struct Mat {
    pub at: *const f32,
    pub row: usize,
    pub col: usize,
}

impl Mat {
    /// Rows `row` apart, columns adjacent.
    pub fn rows(at: *const f32, row: usize) -> Self {
        Self { at, row, col: 1 }
    }

    /// The same memory, transposed.
    pub fn t(self) -> Self {
        Self { at: self.at, row: self.col, col: self.row }
    }
}

/// What happens to the target of a product.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Store {
    /// Replaced.
    Set,
    /// Added to.
    Add,
}

/// `out[m, n] (rows out_row apart) = or += scale * a[m, k] b[k, n]`, on the calling thread.
///
/// # Safety
/// The three matrices lie inside their buffers, and no one else touches the target.
pub(crate) unsafe fn product(
    [m, n, k]: [usize; 3],
    out: *mut f32,
    out_row: usize,
    store: Store,
    a: Mat,
    b: Mat,
    scale: f32,
) {
    let keep = if store == Store::Add { 1.0 } else { 0.0 };
    let step = |x: usize| x as isize;
    // SAFETY: as promised by the caller.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out,
            1,
            step(out_row),
            store == Store::Add,
            a.at,
            step(a.col),
            step(a.row),
            b.at,
            step(b.col),
            step(b.row),
            keep,
            scale,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// Adds `part` to `sum`.
pub(crate) fn add_to(sum: &mut [f32], part: &[f32]) {
    for (sum, part) in sum.iter_mut().zip(part) {
        *sum += part;
    }
}
