//! Would a phone with pages of 16 KB load the library? Asks `check-alignment.sh` about libraries of both kinds.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes a library whose segments lie on such borders, in bytes.
fn library(folder: &Path, name: &str, border: u32) -> PathBuf {
    let (code, library) = (folder.join("one.c"), folder.join(name));
    std::fs::write(&code, "int one(void) { return 1; }\n").unwrap();
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", &format!("-Wl,-z,max-page-size={border}"), "-o"])
        .args([&library, &code])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    library
}

/// Packs files as an archive, by their names alone.
fn archive(path: PathBuf, files: &[&Path]) -> PathBuf {
    let pack = "import os, sys, zipfile\n\
                with zipfile.ZipFile(sys.argv[1], 'w') as archive:\n    \
                for file in sys.argv[2:]: archive.write(file, 'jni/arm64-v8a/' + os.path.basename(file))\n";
    let packed = Command::new("python3").args(["-c", pack]).arg(&path).args(files).output().unwrap();
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    path
}

/// The exit code, and what was printed.
fn check(files: &[&Path]) -> (Option<i32>, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../client-sdk/kotlin/android/check-alignment.sh");
    let ended = Command::new(script).args(files).output().unwrap();
    (ended.status.code(), String::from_utf8(ended.stdout).unwrap())
}

#[test]
fn a_library_that_a_phone_would_not_load_is_named_wherever_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let good = library(folder.path(), "good.so", 16 * 1024);
    let larger = library(folder.path(), "larger.so", 64 * 1024);
    let bad = library(folder.path(), "bad.so", 4 * 1024);
    let code = folder.path().join("one.c");
    let good_package = archive(folder.path().join("good.aar"), &[&good, &larger]);
    let bad_package = archive(folder.path().join("bad.apk"), &[&bad, &good]);
    let empty_package = archive(folder.path().join("empty.jar"), &[&code]);
    let no_library = folder.path().join("none.so");
    std::fs::write(&no_library, "not a library").unwrap();

    let (status, told) = check(&[&good, &larger, &good_package]);
    assert_eq!(status, Some(0), "{told}");
    assert_eq!(told.lines().filter(|line| line.ends_with(": aligned")).count(), 4, "{told}");

    for file in [&bad, &bad_package] {
        // What comes after a good one counts, and what comes before it.
        for files in [[&good, file], [file, &good]] {
            let (status, told) = check(&files.map(PathBuf::as_path));
            assert_eq!(status, Some(1), "{told}");
            let named: Vec<&str> = told.lines().filter(|line| !line.ends_with(": aligned")).collect();
            assert!(
                matches!(named[..], [line] if line.contains("bad.so: NOT aligned") && line.contains("4096")),
                "{told}"
            );
        }
    }

    for nothing in [&empty_package, &no_library] {
        assert_eq!(check(&[nothing]).0, Some(1), "{} holds no library", nothing.display());
    }
    for wrong in [vec![], vec![code.as_path()], vec![Path::new("/nowhere.so")]] {
        assert_eq!(check(&wrong).0, Some(2), "{wrong:?}");
    }
}
