//! Which devices this build and this machine offer, and how to get one.
//! It never falls back silently: a device that is missing says why.

use crate::error::PolicyError;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// One device, found or missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// The name that [`pick`] takes: `cpu`, `cuda:0`.
    pub name: String,
    /// `cpu` or `cuda`.
    pub kind: String,
    /// Whether a run can use it.
    pub available: bool,
    /// The reason where it is missing.
    pub why: Option<String>,
    /// Threads and instruction set, or the card's place.
    pub detail: Option<String>,
}

/// Every device kind this program knows; the CPU always, CUDA with its cards or its reason.
pub fn devices() -> Vec<DeviceReport> {
    let mut found = vec![DeviceReport {
        name: "cpu".into(),
        kind: "cpu".into(),
        available: true,
        why: None,
        detail: Some(format!("{} threads, {}", rayon::current_num_threads(), simd_name())),
    }];
    found.extend(cuda_devices());
    found
}

/// The device of a name from [`devices`]; `cuda` means `cuda:0`.
///
/// # Errors
/// An unknown name, or a device that is missing, with the reason.
pub fn pick(name: &str) -> Result<Device, PolicyError> {
    let name = if name == "cuda" { "cuda:0" } else { name };
    if name == "cpu" {
        return Ok(Device::flex());
    }
    let reports = devices();
    match reports.iter().find(|report| report.name == name) {
        Some(report) if report.available => cuda(name),
        Some(report) => Err(PolicyError::Device(format!(
            "{name}: {}",
            report.why.as_deref().unwrap_or("missing")
        ))),
        None => {
            let known: Vec<_> =
                reports.iter().filter(|r| r.available).map(|r| r.name.as_str()).collect();
            Err(PolicyError::Device(format!("no device \"{name}\"; there is {}", known.join(", "))))
        }
    }
}

/// Keeps freed memory inside the process (glibc only): a training step frees and asks for the
/// same large blocks again and again, and page faults would cost up to a fifth of it.
/// Call it first thing in `main` of a process that trains or generates.
pub fn tune_process() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `mallopt` takes two integers and only changes the allocator's settings.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 256 << 20);
    }
}

fn simd_name() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl") {
            return "AVX-512";
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return "AVX2";
        }
    }
    "portable SIMD"
}

#[cfg(not(feature = "cuda"))]
fn cuda_devices() -> Vec<DeviceReport> {
    vec![missing_cuda("this build has no CUDA support (build it with --features cuda)")]
}

#[cfg(feature = "cuda")]
fn cuda_devices() -> Vec<DeviceReport> {
    // SAFETY: opens and closes the driver's library; its initialiser is made for that.
    let driver = unsafe { libc::dlopen(c"libcuda.so.1".as_ptr(), libc::RTLD_LAZY) };
    if driver.is_null() {
        return vec![missing_cuda("libcuda.so.1 was not found: no NVIDIA driver on this machine")];
    }
    let cards = Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec().len();
    if cards == 0 {
        return vec![missing_cuda("the NVIDIA driver is there, but it shows no GPU")];
    }
    (0..cards)
        .map(|index| DeviceReport {
            name: format!("cuda:{index}"),
            kind: "cuda".into(),
            available: true,
            why: None,
            detail: Some(format!("NVIDIA GPU {index}")),
        })
        .collect()
}

fn missing_cuda(why: &str) -> DeviceReport {
    DeviceReport {
        name: "cuda:0".into(),
        kind: "cuda".into(),
        available: false,
        why: Some(why.into()),
        detail: None,
    }
}

#[cfg(not(feature = "cuda"))]
fn cuda(name: &str) -> Result<Device, PolicyError> {
    Err(PolicyError::Device(format!("{name}: this build has no CUDA support")))
}

#[cfg(feature = "cuda")]
fn cuda(name: &str) -> Result<Device, PolicyError> {
    let index = name.trim_start_matches("cuda:").parse::<usize>();
    index.map(Device::cuda).map_err(|_| PolicyError::Device(format!("no device \"{name}\"")))
}
