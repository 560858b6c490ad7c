/* Draws the pictures and makes the tables sortable. Text from the data only ever becomes text
   nodes; nothing here writes HTML. */
(() => {
  "use strict";

  const darkScheme = matchMedia("(prefers-color-scheme: dark)");
  const numbers = new Intl.NumberFormat("en");
  const natural = new Intl.Collator("en", { numeric: true });
  const ROLES = ["", "answers", "name server", "answers, name server"];

  const element = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const moment = (seconds) => {
    if (seconds === null || seconds === undefined) return "unknown";
    const text = new Date(seconds * 1000).toISOString().replace("T", " ");
    return text.slice(17, 19) === "00" ? text.slice(0, 16) : text.slice(0, 19);
  };
  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const groupColour = (groups, key) => {
    const place = groups.indexOf(key);
    if (key === "unknown") return colour("--unknown");
    return place < 0 || key === "other" ? colour("--other") : colour(`--asn-${place}`);
  };
  const tooltip = (title, rows) => {
    const box = element("div", "tip");
    box.append(element("strong", "", title));
    for (const [label, text] of rows) {
      if (text === null || text === undefined) continue;
      const row = element("div", "tip-row");
      row.append(element("span", "", label), element("b", "", text));
      box.append(row);
    }
    return box;
  };
  const tooltipStyle = () => ({
    confine: true,
    transitionDuration: 0,
    backgroundColor: colour("--raised"),
    borderColor: colour("--line"),
    padding: [8, 12],
    textStyle: { color: colour("--ink"), fontFamily: colour("--sans"), fontSize: 13 },
  });
  const base = () => ({
    animation: false,
    useUTC: true,
    backgroundColor: "transparent",
    textStyle: { fontFamily: colour("--sans"), color: colour("--ink") },
  });
  const timeAxis = (start, end) => ({
    type: "time",
    min: start * 1000,
    max: end * 1000,
    axisLine: { lineStyle: { color: colour("--line") } },
    axisTick: { show: false },
    splitLine: { show: true, lineStyle: { color: colour("--grid") } },
    axisLabel: {
      color: colour("--muted"),
      hideOverlap: true,
      fontSize: 12,
      formatter: {
        year: "{yyyy}", month: "{MMM} {yyyy}", day: "{MMM} {d}", hour: "{HH}:{mm}",
        minute: "{HH}:{mm}", second: "{HH}:{mm}:{ss}", millisecond: "{HH}:{mm}:{ss}",
        none: "{yyyy}-{MM}-{dd}",
      },
    },
  });
  const countAxis = () => ({
    type: "value",
    minInterval: 1,
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { show: true, lineStyle: { color: colour("--grid") } },
    axisLabel: { color: colour("--muted"), fontSize: 12, hideOverlap: true },
  });

  /* The same left edge for rotation and growth, so that their times stand under each other. */
  const labelSpace = (chart, { rotation }) => {
    if (rotation.addresses.length > 30) return 52;
    return chart.getWidth() < 560 ? 104 : 158;
  };

  /* ---- rotation: time across, addresses down, coloured by ASN ---- */

  const drawRotation = (chart, data, card, state) => {
    const picture = data.rotation;
    const rowCount = picture.addresses.length;
    const isNamed = rowCount <= 30;
    const agents = data.agents;
    const keyOf = (row) => {
      const index = picture.addresses[row];
      if (typeof index !== "number" || agents.asn[index] === null) return "unknown";
      return data.groups.includes(agents.asn[index]) ? agents.asn[index] : "other";
    };
    const nameOf = (row) => {
      const index = picture.addresses[row];
      return typeof index === "number" ? agents.address[index] : index;
    };
    const points = new Map(data.groups.map((key) => [key, []]));
    let mark = 0;
    for (let row = 0; row < rowCount; row += 1) {
      const key = keyOf(row);
      if (!points.has(key)) points.set(key, []);
      const list = points.get(key);
      for (let left = picture.marks[row]; left > 0; left -= 1, mark += 1) {
        const at = (picture.start + (picture.columns[mark] + 0.5) * picture.step) * 1000;
        list.push([at, row + 0.5, picture.counts[mark], row]);
      }
    }
    const end = picture.start + picture.columnCount * picture.step;
    const isNarrow = chart.getWidth() < 560;
    const labelWidth = labelSpace(chart, data) - 8;
    const grid = { left: labelWidth + 8, right: 14, top: 8, bottom: 30 };
    const markSize = () => {
      const zoom = state.zoom;
      const width = (chart.getWidth() - grid.left - grid.right) / picture.columnCount;
      const height = (chart.getHeight() - grid.top - grid.bottom) / rowCount;
      const across = (width * 100) / (zoom.x[1] - zoom.x[0]);
      const down = (height * 100) / (zoom.y[1] - zoom.y[0]);
      return [
        Math.max(1.5, across > 5 ? across - 1 : across + 0.6),
        Math.max(1.2, Math.min(14, down * (down > 4 ? 0.72 : 0.95))),
      ];
    };
    const series = () =>
      [...points].filter(([, list]) => list.length).map(([key, list]) => ({
        id: String(key),
        type: "scatter",
        large: true,
        largeThreshold: 0,
        progressive: 0,
        symbol: "rect",
        symbolSize: markSize(),
        clip: true,
        cursor: "default",
        silent: state.alone !== null && state.alone !== String(key),
        z: state.alone === String(key) ? 4 : typeof key === "number" ? 3 : 2,
        itemStyle: {
          color: groupColour(data.groups, key),
          opacity: state.alone === null || state.alone === String(key) ? 1 : 0.09,
        },
        data: list,
      }));
    const rowAxis = {
      ...countAxis(),
      inverse: true,
      min: 0,
      max: rowCount,
      splitLine: { show: !isNamed, lineStyle: { color: colour("--grid") } },
    };
    if (isNamed) {
      rowAxis.interval = 1;
      rowAxis.axisLabel = { show: false };
    } else {
      rowAxis.axisLabel = {
        ...rowAxis.axisLabel,
        showMaxLabel: false,
        formatter: (value) => (value === 0 ? "1" : numbers.format(value)),
      };
    }
    const labels = {
      type: "category",
      inverse: true,
      data: Array.from({ length: rowCount }, (_, row) => nameOf(row)),
      position: "left",
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: {
        color: colour("--ink"),
        fontFamily: colour("--mono"),
        fontSize: isNarrow ? 10 : 11,
        interval: 0,
        width: labelWidth,
        overflow: "truncate",
      },
    };
    const within = (axis) => ({
      type: "inside",
      [`${axis}AxisIndex`]: axis === "y" && isNamed ? [0, 1] : [0],
      filterMode: "none",
      zoomOnMouseWheel: "ctrl",
      moveOnMouseWheel: false,
      preventDefaultMouseMove: false,
      start: state.zoom[axis][0],
      end: state.zoom[axis][1],
    });
    chart.setOption(
      {
        ...base(),
        aria: { enabled: false },
        grid,
        tooltip: {
          ...tooltipStyle(),
          formatter: (hit) => {
            const [at, , count, row] = hit.value;
            const from = at / 1000 - picture.step / 2;
            const index = picture.addresses[row];
            const isAgent = typeof index === "number";
            const asn = isAgent ? agents.asn[index] : null;
            const holder = isAgent && agents.holder[index] !== null
              ? agents.holderNames[agents.holder[index]] : "unknown";
            return tooltip(nameOf(row), [
              ["ASN", asn === null ? "unknown" : `AS${asn}`],
              ["Holder", holder],
              ["Country", (isAgent && agents.country[index]) || "unknown"],
              ["From", moment(from)],
              ["Until", moment(from + picture.step)],
              ["Answers", numbers.format(count)],
            ]);
          },
        },
        xAxis: timeAxis(picture.start, end),
        yAxis: isNamed ? [rowAxis, labels] : [rowAxis],
        dataZoom: [within("x"), within("y")],
        series: series(),
      },
      true,
    );
    const refresh = () => chart.setOption({ series: series() });
    chart.off("datazoom");
    chart.on("datazoom", () => {
      const [x, y] = chart.getOption().dataZoom;
      state.zoom = { x: [x.start, x.end], y: [y.start, y.end] };
      refresh();
    });
    state.zoomTo = (x, y) => {
      const held = ([from, to]) => {
        const width = Math.min(100, Math.max(2, to - from));
        const start = Math.min(100 - width, Math.max(0, (from + to - width) / 2));
        return [start, start + width];
      };
      const [across, down] = [held(x), held(y)];
      chart.dispatchAction({
        type: "dataZoom",
        batch: [
          { dataZoomIndex: 0, start: across[0], end: across[1] },
          { dataZoomIndex: 1, start: down[0], end: down[1] },
        ],
      });
    };
    state.isolate = (key) => {
      state.alone = state.alone === key ? null : key;
      for (const button of card.querySelectorAll(".legend button")) {
        button.setAttribute("aria-pressed", String(button.dataset.key === state.alone));
      }
      refresh();
    };
  };

  const scaled = ([from, to], factor) => {
    const [middle, half] = [(from + to) / 2, ((to - from) / 2) * factor];
    return [middle - half, middle + half];
  };
  const moved = ([from, to], share) => {
    const by = (to - from) * share;
    return [from + by, to + by];
  };
  const ZOOM = {
    in: (x, y) => [scaled(x, 0.5), scaled(y, 0.5)],
    out: (x, y) => [scaled(x, 2), scaled(y, 2)],
    reset: () => [[0, 100], [0, 100]],
    left: (x, y) => [moved(x, -0.25), y],
    right: (x, y) => [moved(x, 0.25), y],
    up: (x, y) => [x, moved(y, -0.25)],
    down: (x, y) => [x, moved(y, 0.25)],
  };
  const KEYS = {
    "+": "in", "=": "in", "-": "out", 0: "reset",
    ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down",
  };

  /* ---- growth: distinct addresses over time ---- */

  const drawGrowth = (chart, data) => {
    const { start, step, columns, cumulative, active, answers } = data.growth;
    const total = cumulative[cumulative.length - 1];
    const end = start + (columns[columns.length - 1] + 1) * step;
    const all = [];
    const now = [];
    columns.forEach((column, index) => {
      const from = (start + column * step) * 1000;
      const until = (start + (column + 1) * step) * 1000;
      if (index) all.push([from, cumulative[index - 1]]);
      all.push([from, cumulative[index]], [until, cumulative[index]]);
      now.push([from, active[index]], [until, active[index]]);
      if (columns[index + 1] !== column + 1) now.push([until, null]);
    });
    chart.setOption(
      {
        ...base(),
        grid: { left: labelSpace(chart, data), right: 14, top: 24, bottom: 30 },
        tooltip: {
          ...tooltipStyle(),
          trigger: "axis",
          axisPointer: { type: "line", lineStyle: { color: colour("--muted") } },
          formatter: (hits) => {
            const at = hits[0].axisValue / 1000;
            let index = 0;
            while (index + 1 < columns.length && start + columns[index + 1] * step <= at) {
              index += 1;
            }
            const from = start + columns[index] * step;
            return tooltip(`${moment(from)} to ${moment(from + step)}`, [
              ["Seen so far", numbers.format(cumulative[index])],
              ["Seen in this time", numbers.format(active[index])],
              ["Address records in answers", numbers.format(answers[index])],
            ]);
          },
        },
        xAxis: timeAxis(start, end),
        yAxis: countAxis(),
        series: [
          {
            name: "Seen so far",
            type: "line",
            symbol: "none",
            lineStyle: { color: colour("--accent"), width: 2 },
            itemStyle: { color: colour("--accent") },
            data: all,
            endLabel: {
              show: true,
              color: colour("--accent"),
              fontWeight: 600,
              align: "right",
              verticalAlign: "bottom",
              offset: [2, -4],
              formatter: () => `${numbers.format(total)} in all`,
            },
          },
          {
            name: "Seen in this time",
            type: "line",
            symbol: "none",
            lineStyle: { color: colour("--muted"), width: 1, type: [4, 2] },
            itemStyle: { color: colour("--muted") },
            areaStyle: { color: colour("--muted"), opacity: 0.18 },
            data: now,
          },
        ],
      },
      true,
    );
  };

  /* ---- map: domains on the left, agents on the right ---- */

  const drawMap = (chart, data) => {
    const map = data.map;
    const agents = data.agents;
    const asnOf = new Map(agents.address.map((address, index) => [address, agents.asn[index]]));
    const isNarrow = chart.getWidth() < 640;
    const leftName = (index) =>
      map.domains[index] === null
        ? `${numbers.format(map.remaining)} other domains` : map.domains[index];
    const rightName = (index) => {
      const key = map.right[index];
      if (!map.grouped) {
        const asn = asnOf.get(key) ?? null;
        return isNarrow || asn === null ? key : `${key}  AS${asn}`;
      }
      if (key === "other") return `${numbers.format(map.otherAsns)} other ASNs`;
      if (key === "unknown") return "ASN unknown";
      const holder = data.holders[key];
      return holder ? `AS${key}  ${holder}` : `AS${key}`;
    };
    const rightKey = (index) => {
      const key = map.right[index];
      if (map.grouped) return data.groups.includes(key) ? key : key === "unknown" ? key : "other";
      const asn = asnOf.get(key);
      if (asn === null || asn === undefined) return "unknown";
      return data.groups.includes(asn) ? asn : "other";
    };
    const side = isNarrow ? Math.floor(chart.getWidth() * 0.3) : 220;
    const label = (position, mono, width) => ({
      position,
      color: colour("--ink"),
      fontSize: isNarrow ? 10 : 12,
      fontFamily: colour(mono ? "--mono" : "--sans"),
      width,
      overflow: "truncate",
    });
    const served = (count) => `${numbers.format(count)} agent${count === 1 ? "" : "s"}`;
    chart.setOption(
      {
        ...base(),
        tooltip: {
          ...tooltipStyle(),
          formatter: (hit) => {
            if (hit.dataType === "edge") {
              const [left, right, any, answers, servers] = map.links[hit.dataIndex];
              return tooltip(`${leftName(left)} → ${rightName(right)}`, [
                ["Agents", numbers.format(any)],
                ["in answers", numbers.format(answers)],
                ["as name servers", numbers.format(servers)],
              ]);
            }
            const index = Number(hit.data.id.slice(1));
            return hit.data.id[0] === "d"
              ? tooltip(leftName(index), [["Served by", served(map.domainAgents[index])]])
              : tooltip(rightName(index), [
                ["Holds", served(map.rightAgents[index])],
                ["ASN", map.grouped ? null : `${asnOf.get(map.right[index]) ?? "unknown"}`],
              ]);
          },
        },
        series: [
          {
            type: "sankey",
            left: side,
            right: isNarrow ? side : side + 40,
            top: 8,
            bottom: 8,
            nodeWidth: 8,
            nodeGap: 12,
            layoutIterations: 0,
            draggable: false,
            emphasis: { focus: "adjacency", lineStyle: { opacity: 0.6 } },
            blur: { lineStyle: { opacity: 0.03 }, itemStyle: { opacity: 0.3 } },
            lineStyle: { curveness: 0.55 },
            data: [
              ...map.domains.map((_, index) => ({
                id: `d${index}`,
                name: `d${index}`,
                depth: 0,
                itemStyle: { color: colour("--muted"), borderWidth: 0 },
                label: { ...label("left", true, side - 16), formatter: () => leftName(index) },
              })),
              ...map.right.map((_, index) => ({
                id: `a${index}`,
                name: `a${index}`,
                depth: 1,
                itemStyle: { color: groupColour(data.groups, rightKey(index)), borderWidth: 0 },
                label: { ...label("right", !map.grouped, isNarrow ? side - 16 : side + 24), formatter: () => rightName(index) },
              })),
            ],
            links: map.links.map(([left, right, any]) => ({
              source: `d${left}`,
              target: `a${right}`,
              value: any,
              lineStyle: {
                color: groupColour(data.groups, rightKey(right)),
                opacity: typeof rightKey(right) === "number" ? 0.34 : 0.15,
              },
            })),
          },
        ],
      },
      true,
    );
  };

  const rowsHeight = (rows, perRow, least, most) =>
    Math.round(Math.min(most, Math.max(least, rows * perRow)));
  const PICTURES = {
    rotation: {
      draw: drawRotation,
      height: ({ rotation: { addresses } }) =>
        addresses.length <= 30
          ? rowsHeight(addresses.length, 20, 90, 600) + 38
          : rowsHeight(addresses.length, 4, 340, 680),
    },
    growth: { draw: drawGrowth, height: () => 240 },
    map: {
      draw: drawMap,
      height: ({ map }) => rowsHeight(Math.max(map.domains.length, map.right.length), 24, 120, 740),
    },
  };

  const drawn = [];
  const prepare = (card) => {
    const source = card.querySelector("script.data");
    if (!source) return;
    const data = JSON.parse(source.textContent);
    for (const holder of card.querySelectorAll("[data-picture]")) {
      const picture = PICTURES[holder.dataset.picture];
      holder.style.height = `${picture.height(data)}px`;
      const chart = echarts.init(holder, null, { renderer: "canvas" });
      const state = { alone: null, zoom: { x: [0, 100], y: [0, 100] } };
      const draw = () => picture.draw(chart, data, card, state);
      let width = holder.clientWidth;
      draw();
      new ResizeObserver(() => {
        if (holder.clientWidth === width || holder.clientWidth === 0) return;
        width = holder.clientWidth;
        chart.resize();
        draw();
      }).observe(holder);
      drawn.push(draw);
      holder.dataset.drawn = "";
      if (holder.dataset.picture !== "rotation") continue;
      const zoom = (way) => state.zoomTo(...ZOOM[way](state.zoom.x, state.zoom.y));
      for (const button of card.querySelectorAll("button[data-zoom]")) {
        button.addEventListener("click", () => zoom(button.dataset.zoom));
      }
      for (const button of card.querySelectorAll(".legend button")) {
        button.addEventListener("click", () => state.isolate(button.dataset.key));
      }
      holder.addEventListener("keydown", (event) => {
        const way = KEYS[event.key];
        if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        zoom(way);
      });
    }
    const table = card.querySelector("table.agents");
    if (table) tableOf(table, agentRows(data.agents));
  };

  /* ---- tables: sort by a column's button, filter by text ---- */

  const agentRows = (agents) =>
    agents.address.map((address, index) => {
      const holder = agents.holder[index];
      const values = [
        address, agents.asn[index], holder === null ? null : agents.holderNames[holder],
        agents.country[index], ROLES[agents.roles[index]], agents.domains[index],
        agents.first[index], agents.last[index],
      ];
      const shown = [
        address, values[1] === null ? "unknown" : `AS${values[1]}`, values[2] ?? "unknown",
        values[3] ?? "–", values[4], numbers.format(values[5]),
        moment(values[6]).slice(0, 16), moment(values[7]).slice(0, 16),
      ];
      const classes = ["mono", "", "wide", "", "when", "number", "when", "when"];
      const make = () => {
        const row = element("tr");
        shown.forEach((text, column) => row.append(element("td", classes[column], text)));
        return row;
      };
      return { values, text: shown.join(" ").toLowerCase(), make, node: null };
    });
  const rowsInPage = (table) =>
    [...table.tBodies[0].rows].map((node) => ({
      values: [...node.cells].map(({ dataset, textContent }) => {
        if (dataset.sort === undefined) return textContent.trim();
        return dataset.sort === "" ? null : Number(dataset.sort);
      }),
      text: node.textContent.toLowerCase(),
      node,
    }));
  const compare = (left, right) => {
    if (left === right) return 0;
    if (left === null || right === null) return left === null ? 1 : -1;
    if (typeof left === "number" && typeof right === "number") return left - right;
    return natural.compare(left, right);
  };
  const tableOf = (table, rows) => {
    const body = table.tBodies[0];
    const tools = document.getElementById(table.dataset.tools);
    const pageSize = Number(table.dataset.page);
    const state = { column: null, sign: 1, needle: "", limit: pageSize };
    const show = () => {
      const needle = state.needle.toLowerCase();
      const found = needle ? rows.filter((row) => row.text.includes(needle)) : [...rows];
      if (state.column !== null) {
        const { column, sign } = state;
        found.sort((a, b) => {
          const [left, right] = [a.values[column], b.values[column]];
          const order = compare(left, right);
          return left === null || right === null ? order : order * sign;
        });
      }
      body.replaceChildren(
        ...found.slice(0, state.limit).map((row) => (row.node ??= row.make())),
      );
      const size = Math.min(found.length, state.limit);
      tools.querySelector("output").textContent =
        `${numbers.format(size)} of ${numbers.format(needle ? found.length : rows.length)}` +
        `${needle ? " found" : ""}`;
      tools.querySelector("button.all").hidden = found.length <= pageSize;
    };
    for (const button of table.tHead.querySelectorAll("button")) {
      const head = button.closest("th");
      button.addEventListener("click", () => {
        const again = state.column === head.cellIndex;
        state.sign = again ? -state.sign : 1;
        state.column = head.cellIndex;
        for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", state.sign > 0 ? "ascending" : "descending");
        show();
      });
    }
    tools.querySelector("input").addEventListener("input", (event) => {
      state.needle = event.target.value.trim();
      show();
    });
    tools.querySelector("button.all").addEventListener("click", (event) => {
      state.limit = state.limit === pageSize ? Infinity : pageSize;
      event.target.textContent = state.limit === pageSize ? "Show all" : "Show fewer";
      event.target.setAttribute("aria-expanded", String(state.limit !== pageSize));
      show();
    });
    tools.hidden = rows.length <= 8;
    show();
  };

  /* ---- when ---- */

  const waiting = new Set(document.querySelectorAll("section.network"));
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (isIntersecting && waiting.delete(target)) {
          watcher.unobserve(target);
          prepare(target);
        }
      }
    },
    { rootMargin: "600px" },
  );
  waiting.forEach((card) => watcher.observe(card));
  document.querySelectorAll("table.in-page").forEach((table) => tableOf(table, rowsInPage(table)));

  const redraw = () => drawn.forEach((draw) => draw());
  darkScheme.addEventListener("change", redraw);
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.print = "";
    waiting.forEach((card) => prepare(card));
    waiting.clear();
    redraw();
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.print;
    redraw();
  });
})();
