//! Where things lie on the disk.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The data directory and the places in it.
#[derive(Clone, Debug)]
pub struct DataDir {
    root: PathBuf,
}

impl DataDir {
    /// Makes the directory and the places in it.
    pub fn create(root: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(root)?;
        // Workers get these paths: they must not depend on the current directory.
        let root = root.canonicalize()?;
        for place in ["videos", "uploads", "runs", "strips", "pictures", "logs"] {
            std::fs::create_dir_all(root.join(place))?;
        }
        Ok(Self { root })
    }

    /// Keeps other servers away from the directory until the file is dropped; `None` where
    /// one has it already.
    pub fn lock(&self) -> io::Result<Option<File>> {
        let path = self.root.join("server.lock");
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.root.join("studio.db")
    }

    /// Added videos.
    pub fn videos(&self) -> PathBuf {
        self.root.join("videos")
    }

    /// Videos on their way in.
    pub fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    /// The directory of a run.
    pub fn run(&self, id: &str) -> PathBuf {
        self.root.join("runs").join(id)
    }

    /// Decoded strips; can be deleted at any time.
    pub fn strips(&self) -> PathBuf {
        self.root.join("strips")
    }

    /// Clips and pictures made for the page; can be deleted at any time.
    pub fn pictures(&self) -> PathBuf {
        self.root.join("pictures")
    }

    /// What local workers say.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// The address that people open of the newest server, for links made beside it.
    pub fn address(&self) -> PathBuf {
        self.root.join("address")
    }

    /// A random text of the newest server's, by which a worker shows that it sees this disk.
    pub fn disk_mark(&self) -> PathBuf {
        self.root.join(shared::link::DISK_MARK)
    }

    /// The secret that local workers sign in with, kept so that a worker which outlives its
    /// server finds the next one.
    pub fn worker_token(&self) -> PathBuf {
        self.root.join("worker-token")
    }
}

/// `$XDG_DATA_HOME/videossr`, else `~/.local/share/videossr`, else `./data`.
pub fn default_dir() -> PathBuf {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map_or_else(|| PathBuf::from("data"), |base| base.join("videossr"))
}

/// A folder that comes with the program: named by an environment variable, else two levels
/// above the executable (as in a source tree), beside it, or in the current directory.
pub fn shipped(variable: &str, name: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Some(PathBuf::from(path));
    }
    let program = std::env::current_exe().ok();
    let near = program.iter().flat_map(|exe| exe.ancestors().skip(1).take(4));
    near.map(|folder| folder.join(name)).chain([PathBuf::from(name)]).find(|path| path.is_dir())
}

/// The page's files, made by the front-end's build; `None` where it was not built.
pub fn dist_dir() -> Option<PathBuf> {
    shipped("VIDEOSSR_DIST", "dist").filter(|dist| dist.join("index.html").is_file())
}

/// Sample videos and the nano policy.
pub fn static_dir() -> Option<PathBuf> {
    shipped("VIDEOSSR_STATIC", "static")
}

/// Free space where `path` lies, bytes.
pub fn free_bytes(path: &Path) -> Option<u64> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut facts = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path ends in NUL, and the result is read only where the call filled it.
    let facts = unsafe {
        if libc::statvfs(path.as_ptr(), facts.as_mut_ptr()) != 0 {
            return None;
        }
        facts.assume_init()
    };
    Some(facts.f_bavail as u64 * facts.f_frsize as u64)
}
