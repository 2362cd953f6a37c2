//! Does `entwine demo` play the walk to its end, by itself?

use entwine_tests::World;
use entwine_tests::program::{self, Running};

#[test]
fn the_demo_plays_to_its_end_and_leaves_its_folder_to_look_at() {
    let world = World::new();
    let folder = world.folder().join("demo");
    let mut command = program::command("entwine");
    command.args(["demo", "--fast", "--folder"]).arg(&folder).env("HOME", world.folder());
    let ended = Running::start(command, "entwine demo --fast".to_owned(), &world.folder().join("told")).finish();
    assert_eq!(ended.status.code(), Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("Ada") && ended.stdout.contains("Noor"), "{}", ended.stdout);
    assert!(ended.stdout.contains(&folder.display().to_string()), "it says where to look: {}", ended.stdout);
    assert!(folder.is_dir());
}
