//! The generator of everything drawn by chance: xoshiro256++ (Blackman and Vigna, public
//! domain), its state taken from a BLAKE3 hash of what it is for. Written out here so that a
//! sample never depends on the version of a library. Integers and exact steps only: the same
//! numbers on every machine.

/// A stream of random numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// The stream that belongs to these parts; each part is hashed with its length, so
    /// `["ab", "c"]` and `["a", "bc"]` differ.
    pub fn keyed(parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let hash = hasher.finalize();
        let mut state = [0u64; 4];
        for (word, bytes) in state.iter_mut().zip(hash.as_bytes().chunks_exact(8)) {
            *word = u64::from_le_bytes(bytes.try_into().unwrap_or([1; 8]));
        }
        Self { state }
    }

    /// The stream of a plain seed.
    pub fn from_seed(seed: u64) -> Self {
        Self::keyed(&[b"seed", &seed.to_le_bytes()])
    }

    /// An independent stream that takes nothing from this one but its state.
    pub fn child(&self, name: &str) -> Self {
        let state: Vec<u8> = self.state.iter().flat_map(|w| w.to_le_bytes()).collect();
        Self::keyed(&[&state, name.as_bytes()])
    }

    /// The next 64 bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform in `0..n` without bias (Lemire's method); 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        let floor = n.wrapping_neg() % n;
        loop {
            let wide = u128::from(self.next_u64()) * u128::from(n);
            if wide as u64 >= floor {
                return (wide >> 64) as u64;
            }
        }
    }

    /// Uniform in `low..=high`; `low` when `high < low`.
    pub fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// Uniform in `0..n` as an index.
    pub fn index(&mut self, n: usize) -> usize {
        self.below(n as u64) as usize
    }

    /// Uniform in `[0, 1)`, 53 bits.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of the items; `None` of an empty slice.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.index(items.len()))
    }

    /// Fisher and Yates: every order is equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.index(i + 1));
        }
    }

    /// About normal with mean 0 and variance 1, in units of 1/65536: the sum of eight random
    /// bytes, standardised (excess kurtosis -0.15, never past 4.9). Integer steps only.
    #[inline]
    pub fn normal_fixed(&mut self) -> i32 {
        let bits = self.next_u64();
        // Bytes to 16-bit lanes, lanes summed by one multiplication.
        let lanes = (bits & 0x00FF_00FF_00FF_00FF) + ((bits >> 8) & 0x00FF_00FF_00FF_00FF);
        let sum = (lanes.wrapping_mul(0x0001_0001_0001_0001) >> 48) as i32;
        // Mean 8 x 127.5 = 1020; deviation sqrt(8 x (256^2 - 1) / 12) = 209.02; 65536 / 209.02 = 313.54.
        ((sum - 1020) * 31354) / 100
    }

    /// About normal with mean 0 and variance 1 (see [`Rng::normal_fixed`]).
    pub fn normal(&mut self) -> f64 {
        f64::from(self.normal_fixed()) / 65536.0
    }
}
