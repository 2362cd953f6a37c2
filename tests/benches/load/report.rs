//! How are the figures told? As a page, with the command that makes it, and a picture of the load curve.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use entwine_tests::machine::machine;

use super::{Figures, Load, Row, at, tell};

/// Writes `docs/performance.md` and `docs/performance.svg`.
pub(crate) fn write(figures: &Figures) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    fs::write(docs.join("performance.md"), page(figures)).expect("the docs can be written");
    fs::write(docs.join("performance.svg"), curve(&figures.loads)).expect("the docs can be written");
}

fn page(figures: &Figures) -> String {
    let Figures { rows, rows_per_second, loads } = figures;
    let mut page = format!(
        "# Performance\n\nHow fast a relay and a phone are, and what they take. The load generator runs on the same machine and shares its \
         processors; beside each figure stands what the machine does without them, measured in the same run. `just bench` \
         makes this page.\n\n{}\n\n",
        machine()
    );
    page += "| figure | measured | beside it |\n| --- | --- | --- |\n";
    for Row { figure, measured, limit } in rows {
        let _ = writeln!(page, "| {figure} | {measured} | {limit} |");
    }
    let _ = write!(
        page,
        "\n## Under load\n\nEach couple has one change under way: the next is sent when the partner has the last. Every one is on \
         the disk before it is acknowledged; all were opened and checked after the clock had stopped. SQLite alone takes \
         {rows_per_second:.0} such rows a second here, in transactions of 100, each synced.\n\n\
         ![Deliveries per second and their 99th percentile, by the number of couples](performance.svg)\n\n\
         | couples | deliveries/s | p50 | p99 | relay\'s processor time for 1,000 entries | the load\'s own |\n\
         | --- | --- | --- | --- | --- | --- |\n"
    );
    for load in loads {
        let _ = writeln!(
            page,
            "| {} | {:.0} | {} | {} | {:.3} s | {:.3} s |",
            load.couples,
            load.per_second,
            tell(at(&load.took, 0.5)),
            tell(at(&load.took, 0.99)),
            load.relay_seconds_per_thousand,
            load.load_seconds_per_thousand
        );
    }
    page + include_str!("remarks.txt")
}

/// What a line of the picture shows of a run.
type Value = fn(&Load) -> f64;

/// The two lines over a scale of couples on which each step is a factor.
fn curve(loads: &[Load]) -> String {
    const WIDTH: f64 = 640.0;
    const HEIGHT: f64 = 300.0;
    const EDGE: f64 = 60.0;
    let (first, last) = (loads[0].couples as f64, loads[loads.len() - 1].couples as f64);
    let x = |load: &Load| EDGE + (WIDTH - 2.0 * EDGE) * (load.couples as f64 / first).ln() / (last / first).ln();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for load in loads {
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            x(load),
            HEIGHT - EDGE + 20.0,
            load.couples
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">couples</text>",
        WIDTH / 2.0,
        HEIGHT - EDGE + 42.0
    );
    let lines: [(&str, &str, Value); 2] = [
        ("deliveries/s", "#1b6ca8", |load| load.per_second),
        ("p99 in ms", "#b5482f", |load| at(&load.took, 0.99).as_secs_f64() * 1e3),
    ];
    for (number, (name, colour, value)) in lines.into_iter().enumerate() {
        let highest = loads.iter().map(value).fold(1.0, f64::max);
        let y = |load: &Load| HEIGHT - EDGE - (HEIGHT - 2.0 * EDGE) * value(load) / highest;
        let points: Vec<String> = loads.iter().map(|load| format!("{:.0},{:.0}", x(load), y(load))).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        );
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" fill=\"{colour}\">{name}, up to {highest:.0}</text>",
            EDGE,
            20 + 16 * number
        );
        for load in loads {
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.0}\" cy=\"{:.0}\" r=\"3\" fill=\"{colour}\"/><text x=\"{0:.0}\" y=\"{:.0}\" \
                 fill=\"{colour}\" text-anchor=\"middle\">{:.0}</text>",
                x(load),
                y(load),
                y(load) - 8.0,
                value(load)
            );
        }
    }
    svg + "</svg>\n"
}
