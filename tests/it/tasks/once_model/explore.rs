//! Goes through every state that a model can reach.
//!
//! `stateright` was compared with this. Its `eventually` does not see a cycle (its documentation says so: "a false
//! negative"), and that every path ends is one of the things to be shown; it also brings an HTTP server and a command line's
//! parser along, seven packages that nothing else here uses. What is needed of it is a queue and a map.

use std::collections::{HashMap, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;

/// States, and what leads from one to the next.
pub trait Model {
    /// A state.
    type State: Clone + Eq + Hash;
    /// What leads from one state to the next.
    type Event: Copy + Debug;

    /// The state in which it begins.
    fn first(&self) -> Self::State;

    /// Everything that can happen next.
    fn steps(&self, state: &Self::State) -> Vec<(Self::Event, Self::State)>;

    /// What must never be, if this state is that.
    fn wrong(&self, state: &Self::State) -> Option<&'static str>;

    /// Whether a state after which nothing happens is a good end.
    fn is_done(&self, state: &Self::State) -> bool;
}

/// What was gone through: all of it.
#[derive(Clone, Copy, Debug)]
pub struct Explored {
    /// How many states there are.
    pub states: usize,
    /// How many steps lead from one to another.
    pub steps: usize,
    /// How many steps the longest path has.
    pub depth: u32,
}

/// A path to what must never be.
#[derive(Debug)]
pub struct Counterexample {
    /// What is wrong at its end.
    pub what: &'static str,
    /// The events, in their order.
    pub path: Vec<String>,
}

/// Goes through every state: the shortest path to one that is wrong, or to an end that is none, or to a circle.
pub fn explore<M: Model>(model: &M) -> Result<Explored, Counterexample> {
    let mut graph: Graph<M> = Graph { numbers: HashMap::new(), from: Vec::new(), edges: Vec::new() };
    let mut queue = VecDeque::from([graph.add(model.first(), None).unwrap()]);
    while let Some((number, state)) = queue.pop_front() {
        if let Some(what) = model.wrong(&state) {
            return Err(graph.counterexample(what, number));
        }
        let steps = model.steps(&state);
        if steps.is_empty() && !model.is_done(&state) {
            return Err(graph.counterexample("nothing goes on", number));
        }
        queue.extend(steps.into_iter().filter_map(|(event, next)| graph.add(next, Some((number, event)))));
    }
    graph.longest()
}

/// The states so far, by number, each with the first way to it.
struct Graph<M: Model> {
    numbers: HashMap<M::State, u32>,
    from: Vec<Option<(u32, M::Event)>>,
    edges: Vec<(u32, u32)>,
}

impl<M: Model> Graph<M> {
    /// Adds a state and the way to it; gives it back with its number if it is new.
    fn add(&mut self, state: M::State, from: Option<(u32, M::Event)>) -> Option<(u32, M::State)> {
        let new = u32::try_from(self.from.len()).unwrap();
        let known = self.numbers.get(&state).copied();
        self.edges.extend(from.map(|(before, _)| (before, known.unwrap_or(new))));
        if known.is_some() {
            return None;
        }
        self.numbers.insert(state.clone(), new);
        self.from.push(from);
        Some((new, state))
    }

    fn counterexample(&self, what: &'static str, mut number: u32) -> Counterexample {
        let mut path = Vec::new();
        while let Some((before, event)) = self.from[number as usize] {
            path.push(format!("{event:?}"));
            number = before;
        }
        path.reverse();
        Counterexample { what, path }
    }

    /// Takes away, again and again, what nothing leads to: what is left is a circle, or comes after one.
    fn longest(&self) -> Result<Explored, Counterexample> {
        let states = self.from.len();
        let (mut after, mut leading) = (vec![Vec::new(); states], vec![0_u32; states]);
        for &(from, to) in &self.edges {
            after[from as usize].push(to);
            leading[to as usize] += 1;
        }
        let mut depth = vec![0_u32; states];
        let mut free: Vec<u32> = vec![0];
        let mut taken = 0;
        while let Some(number) = free.pop() {
            taken += 1;
            for &to in &after[number as usize] {
                depth[to as usize] = depth[to as usize].max(depth[number as usize] + 1);
                leading[to as usize] -= 1;
                if leading[to as usize] == 0 {
                    free.push(to);
                }
            }
        }
        if taken < states {
            let circle = leading.iter().position(|&leading| 0 < leading).unwrap();
            return Err(self.counterexample("it goes round in circles", u32::try_from(circle).unwrap()));
        }
        Ok(Explored { states, steps: self.edges.len(), depth: depth.into_iter().max().unwrap_or_default() })
    }
}
