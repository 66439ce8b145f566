//! A tag that goes is taken out of every image; what else an image is tagged with stays.

use quilltap_store::disk::SimulatedDisk;
use serde_json::json;

use crate::support::{call, id, open, world};

#[test]
fn a_tag_that_goes_leaves_images_and_a_character_that_goes_does_not() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let tag = id(&call(&store, "tags.create", json!([{"userId": world.user, "name": "Blue"}])));
    let image = json!([{
        "userId": world.user, "sha256": "0".repeat(64), "type": "image", "filename": "a.png",
        "relativePath": "a.png", "mimeType": "image/png", "size": 1,
        "tags": [tag, world.character, "a-theme"],
        "tagLinks": [{"tagId": tag}, {"tagType": "CHARACTER", "tagId": world.character}],
    }]);
    let image = id(&call(&store, "images.create", image));
    call(&store, "tags.delete", json!([tag]));
    call(&store, "characters.delete", json!([world.character]));
    let image = call(&store, "images.findById", json!([image]));
    assert_eq!(image["tags"], json!([world.character, "a-theme"]));
    assert_eq!(image["tagLinks"], json!([{"tagType": "CHARACTER", "tagId": world.character}]));
}
