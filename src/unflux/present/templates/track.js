/* Draws the pictures of a track. Text from the data only ever becomes text of a canvas. */
(() => {
  "use strict";

  const darkScheme = matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const base = () => ({
    animation: false,
    useUTC: true,
    backgroundColor: "transparent",
    textStyle: { fontFamily: colour("--sans"), color: colour("--ink") },
    grid: { left: 52, right: 18, top: 18, bottom: 40 },
    tooltip: {
      trigger: "axis",
      confine: true,
      backgroundColor: colour("--raised"),
      borderColor: colour("--line"),
      textStyle: { color: colour("--ink"), fontSize: 13 },
      renderMode: "richText",
    },
  });
  const axis = (more) => ({
    axisLine: { lineStyle: { color: colour("--line") } },
    axisTick: { show: false },
    splitLine: { show: true, lineStyle: { color: colour("--grid") } },
    axisLabel: { color: colour("--muted"), fontSize: 12, hideOverlap: true },
    nameTextStyle: { color: colour("--muted") },
    nameLocation: "middle",
    nameGap: 26,
    ...more,
  });
  const line = (name, data, token, dashed) => ({
    name,
    type: "line",
    symbol: "none",
    data,
    lineStyle: { color: colour(token), width: dashed ? 1.5 : 2, type: dashed ? [4, 2] : "solid" },
    itemStyle: { color: colour(token) },
  });

  const drawAgents = (chart, data) => {
    const at = (index) => (data.start + index * data.width) * 1000;
    const series = [
      {
        name: "first seen",
        type: "bar",
        barWidth: "70%",
        data: data.newcomers.map((count, index) => [at(index + 0.5), count]),
        itemStyle: { color: colour("--muted"), opacity: 0.35 },
      },
      line("seen", data.seen.map((count, index) => [at(index + 0.5), count]), "--muted", true),
    ];
    if (data.alive) {
      series.push(
        line("there", data.alive.map((count, index) => [at(index + 1), count]), "--accent", false),
      );
    }
    chart.setOption(
      {
        ...base(),
        xAxis: axis({
          type: "time",
          min: at(0),
          max: at(data.seen.length),
          axisLabel: {
            color: colour("--muted"),
            hideOverlap: true,
            fontSize: 12,
            formatter: {
              year: "{yyyy}", month: "{MMM} {yyyy}", day: "{MMM} {d}", hour: "{HH}:{mm}",
              minute: "{HH}:{mm}", second: "{HH}:{mm}:{ss}", none: "{yyyy}-{MM}-{dd}",
            },
          },
        }),
        yAxis: axis({ type: "value", minInterval: 1, axisLine: { show: false } }),
        series,
      },
      true,
    );
  };

  const drawDurability = (chart, data) => {
    const share = ([hours, ratio]) => [hours, Math.round(ratio * 1000) / 10];
    const covered = line("covered %", data.coverage.map(share), "--flux", false);
    if (data.halfLife !== null) {
      covered.markLine = {
        symbol: "none",
        silent: true,
        lineStyle: { color: colour("--flux"), type: [2, 3] },
        label: { color: colour("--flux"), align: "left", formatter: `half after ${data.halfLife} h` },
        data: [{ xAxis: data.halfLife }],
      };
    }
    chart.setOption(
      {
        ...base(),
        xAxis: axis({ type: "value", name: "hours", min: 0 }),
        yAxis: axis({ type: "value", min: 0, max: 100, axisLine: { show: false } }),
        series: [covered, line("stay longer %", data.survival.map(share), "--muted", true)],
      },
      true,
    );
  };

  const drawHours = (chart, data) => {
    chart.setOption(
      {
        ...base(),
        xAxis: axis({ type: "category", data: data.hours.map((_, hour) => `${hour}`), name: "hour" }),
        yAxis: axis({ type: "value", axisLine: { show: false } }),
        series: [
          {
            name: "seen",
            type: "bar",
            data: data.hours.map((value) => (value === null ? null : Math.round(value * 10) / 10)),
            itemStyle: { color: colour("--accent") },
          },
        ],
      },
      true,
    );
  };

  const PICTURES = {
    agents: [drawAgents, 300],
    durability: [drawDurability, 260],
    hours: [drawHours, 200],
  };
  const drawn = [];
  for (const card of document.querySelectorAll("section.network")) {
    const data = JSON.parse(card.querySelector("script.data").textContent);
    for (const holder of card.querySelectorAll("[data-picture]")) {
      const [draw, height] = PICTURES[holder.dataset.picture];
      holder.style.height = `${height}px`;
      const chart = echarts.init(holder, null, { renderer: "canvas" });
      draw(chart, data);
      holder.dataset.drawn = "";
      drawn.push(() => draw(chart, data));
      let width = holder.clientWidth;
      new ResizeObserver(() => {
        if (holder.clientWidth === width || holder.clientWidth === 0) return;
        width = holder.clientWidth;
        chart.resize();
      }).observe(holder);
    }
  }
  darkScheme.addEventListener("change", () => drawn.forEach((redraw) => redraw()));
})();
