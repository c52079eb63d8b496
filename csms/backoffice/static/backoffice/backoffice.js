// What the screens do in the browser beyond htmx: dialogs, copying, curves, and saying when the server is gone.
// A file of our own, because the content security policy allows no inline script.

document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = document.getElementById("bo-dialog");
  if (event.target.id === "bo-dialog-body" && !dialog.open) dialog.showModal();
});

document.addEventListener("click", (event) => {
  const dialog = document.getElementById("bo-dialog");
  if (event.target.closest("[data-close]") || event.target === dialog) dialog.close();
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    navigator.clipboard?.writeText(copy.closest("figure").querySelector("pre").textContent);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  }
});

// Icons are written as words in a font of ligatures. Beside a text they say nothing of their own.
function silenceIcons(area) {
  for (const icon of area.querySelectorAll(".material-symbols-outlined:not([aria-hidden])")) {
    const owner = icon.closest("a, button, h2, li");
    if (owner && owner.textContent.trim() !== icon.textContent.trim()) icon.setAttribute("aria-hidden", "true");
  }
}

document.addEventListener("DOMContentLoaded", () => {
  silenceIcons(document);
  const dialog = document.getElementById("bo-dialog");
  dialog?.addEventListener("close", () => {
    document.getElementById("bo-dialog-body").replaceChildren(); // its polling ends with it
    document.body.dispatchEvent(new CustomEvent("renew")); // what the command changed shows at once
  });
  document.querySelectorAll("[data-charts]").forEach(drawCurves);
  document.querySelector(".bo-wanted")?.scrollIntoView({ block: "center" });
});

// ---- is the server there?

const stale = (isStale) => document.body.classList.toggle("bo-is-stale", isStale);
document.addEventListener("htmx:sendError", () => stale(true));
document.addEventListener("htmx:responseError", () => stale(true));
document.addEventListener("htmx:afterOnLoad", () => stale(false));

// ---- curves

function drawCurves(area) {
  const charts = new Map();

  async function renew() {
    let found;
    try {
      const response = await fetch(area.dataset.charts, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(response.status);
      found = await response.json();
    } catch {
      return setTimeout(renew, 5000); // the rest of the page says that the server is away
    }
    area.querySelector("[data-none]").hidden = Object.keys(found.curves).length > 0;
    for (const figure of area.querySelectorAll("[data-curve]")) {
      const points = found.curves[figure.dataset.curve];
      figure.hidden = !points;
      if (points) draw(figure, points.map(([x, y]) => ({ x, y })));
    }
    if (found.running) setTimeout(() => (document.hidden ? document.addEventListener("visibilitychange", renew, { once: true }) : renew()), 2000);
  }

  function draw(figure, points) {
    const { unit, decimals } = figure.dataset;
    figure.querySelector("[data-last]").textContent = `${points.at(-1).y.toFixed(decimals)} ${unit}`;
    const known = charts.get(figure);
    if (known) {
      known.data.datasets[0].data = points;
      known.options.scales.x.min = points[0].x;
      known.options.scales.x.max = points.at(-1).x;
      known.update("none");
    } else {
      charts.set(figure, new Chart(figure.querySelector("canvas"), options(figure, points)));
    }
  }

  renew();
}

// Small changes of a large figure, like the voltage, shall look small.
function range(unit, points) {
  if (["kW", "kWh"].includes(unit)) return { beginAtZero: true };
  if (unit === "%") return { min: 0, max: 100 };
  const values = points.map((point) => point.y);
  return { suggestedMin: 0.9 * Math.min(...values), suggestedMax: 1.1 * Math.max(...values) };
}

function options(figure, points) {
  const { unit } = figure.dataset;
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const clock = (at) => new Date(at).toLocaleTimeString([], { hour12: false });
  const line = colour("--color-primary-500");
  const ticks = { color: "#9ca3af", maxRotation: 0 };
  const room = Math.max(2, Math.floor(figure.clientWidth / 110)); // for so many times below the curve
  const grid = { color: "rgba(156, 163, 175, .2)" };
  return {
    type: "line",
    data: { datasets: [{ data: points, borderColor: line, backgroundColor: "rgba(168, 85, 247, .12)", borderWidth: 2, pointRadius: 0, pointHitRadius: 12, fill: true, tension: 0.15 }] },
    options: {
      animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      plugins: {
        legend: { display: false },
        tooltip: { displayColors: false, callbacks: { title: (items) => clock(items[0].parsed.x), label: (item) => `${item.formattedValue} ${unit}` } },
      },
      scales: {
        x: { type: "linear", min: points[0].x, max: points.at(-1).x, grid: { display: false }, ticks: { ...ticks, maxTicksLimit: room, callback: clock } },
        y: { ...range(unit, points), grid, ticks: { ...ticks, callback: (value) => `${value} ${unit}` } },
      },
    },
  };
}
