//! Circles: finds files, or folders, that use each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The edges of a graph of files: user and used, with one name as an example.
pub type Graph = BTreeMap<(String, String), String>;

/// How many circles a report shows.
const MAX_SHOWN: usize = 8;

/// Returns the circles in `graph`, the shortest first, at most [`MAX_SHOWN`].
pub fn circles(graph: &Graph) -> Vec<String> {
    let nodes: BTreeSet<&String> = graph.keys().map(|(user, _)| user).collect();
    let mut found: Vec<Vec<&String>> = Vec::new();
    let mut seen = BTreeSet::new();
    for node in nodes {
        if let Some(circle) = shortest_circle(graph, node) {
            let members: BTreeSet<&String> = circle.iter().copied().collect();
            if seen.insert(members) {
                found.push(circle);
            }
        }
    }
    found.sort_by_key(Vec::len);
    let shown = found.iter().take(MAX_SHOWN);
    shown.map(|circle| describe(graph, circle)).collect()
}

/// Returns the circles among the children of each folder. A child is a file or
/// a folder that stands for all below it.
pub fn folder_circles(graph: &Graph) -> Vec<String> {
    let mut levels: BTreeMap<String, Graph> = BTreeMap::new();
    for ((user, used), name) in graph {
        let folder = common_folder(user, used);
        let child = |file: &str| {
            let below = &file[folder.len()..];
            let end = below.find('/').map_or(below.len(), |at| at + 1);
            format!("{folder}{}", &below[..end])
        };
        let edge = (child(user), child(used));
        let example = format!("{name} in {user}");
        let level = levels.entry(folder.to_string()).or_default();
        level.entry(edge).or_insert(example);
    }
    levels.values().flat_map(circles).collect()
}

/// Returns the deepest folder that holds both files, with its last `/`.
fn common_folder<'a>(one: &'a str, other: &str) -> &'a str {
    let slashes = one.match_indices('/').map(|(at, _)| at + 1);
    let shared = slashes.filter(|&end| other.starts_with(&one[..end]));
    &one[..shared.max().unwrap_or(0)]
}

/// Returns the shortest way from `start` back to it.
fn shortest_circle<'a>(graph: &'a Graph, start: &'a String) -> Option<Vec<&'a String>> {
    let mut came_from: BTreeMap<&String, &String> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for (user, used) in graph.keys().filter(|(user, _)| user == node) {
            if used == start {
                let mut circle = vec![user];
                while *circle[0] != *start {
                    circle.insert(0, came_from[circle[0]]);
                }
                return Some(circle);
            }
            if !came_from.contains_key(used) {
                came_from.insert(used, user);
                queue.push_back(used);
            }
        }
    }
    None
}

/// Returns `a.rs (x::A) -> b.rs (y::B) -> a.rs`, with the names that are used.
fn describe(graph: &Graph, circle: &[&String]) -> String {
    let mut text = String::new();
    for (index, user) in circle.iter().enumerate() {
        let used = circle[(index + 1) % circle.len()];
        let name = &graph[&((*user).clone(), used.clone())];
        text.push_str(&format!("{user} -[{name}]-> "));
    }
    text + circle[0]
}
