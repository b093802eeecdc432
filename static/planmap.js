// The planning map. Fixed data comes once, by address: the base map and an image whose pixels are numbers of cells.
// An edit brings one byte a cell and the schools; cells are recoloured by look-up, markers are changed by id.
// Text from data reaches the page as textContent or on a canvas, never as HTML.
"use strict";

(function () {
  const HALF_WORLD = Math.PI * 6378137; // metres of Web Mercator from the centre to the edge
  const STYLE = {
    // kind: [smallest zoom, colour, width at zoom 12, casing colour]
    water: [0, "#bcd6e6"], river: [9, "#9cc3dc", 1.4], path: [14, "#b9ad98", 0.8], track: [12.5, "#b3a78f", 0.9],
    minor: [10.5, "#a8a6a0", 1.0], tertiary: [0, "#908e88", 1.3], secondary: [0, "#807c74", 1.9],
    primary: [0, "#6d6860", 2.5], trunk: [0, "#57524b", 3.2], railway: [0, "#6f6f78", 1.4],
    township: [0, "#8a94a3", 0.9], boundary: [0, "#3b4756", 1.8],
  };
  const DASH = { township: [5, 4], path: [2, 3], track: [5, 3] };

  const fetchBytes = (url) => fetch(url).then((answer) => {
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.arrayBuffer();
  });
  const unpack = (bytes, format) =>
    new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format))).arrayBuffer();
  const unpackText = (text) => unpack(raw(text), "deflate");
  const raw = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  // An array comes whole and deflated, or as gaps between the changed places (seven bits a byte) and what stands there.
  async function readArray(sent, Kind, reference, length) {
    if (sent.all !== undefined) return new Kind(await unpackText(sent.all));
    const values = reference ? reference.slice() : new Kind(length), to = new Kind(raw(sent.to).buffer);
    let at = 0, gap = 0, shift = 0, k = 0;
    for (const byte of raw(sent.gaps)) {
      gap |= (byte & 127) << shift;
      shift += 7;
      if (byte & 128) continue;
      at += gap;
      values[at] = to[k++];
      gap = shift = 0;
    }
    return values;
  }
  // What the planning page shows without edits: fetched once by its address.
  const references = new Map();
  function readReference(url) {
    if (!references.has(url)) {
      if (references.size > 12) references.delete(references.keys().next().value);
      references.set(url, fetchBytes(url).then((bytes) => unpack(bytes, "gzip")).then(async (bytes) => {
        const held = JSON.parse(new TextDecoder().decode(bytes));
        held.classes = new Uint8Array(await unpackText(held.classes));
        held.sites = held.sites && new Uint16Array(await unpackText(held.sites));
        return held;
      }));
      references.get(url).catch(() => references.delete(url)); // the next state asks again
    }
    return references.get(url);
  }
  // Metres between two places near each other, on the ellipsoid: what is told while drawing is what the form says later.
  function apart(a, b) {
    const turn = Math.PI / 180, sine = Math.sin(((a.lat + b.lat) / 2) * turn), bent = 1 - 0.00669438 * sine * sine;
    const north = (b.lat - a.lat) * turn * (6378137 * (1 - 0.00669438)) / Math.pow(bent, 1.5);
    const east = (b.lng - a.lng) * turn * (6378137 / Math.sqrt(bent)) * Math.sqrt(1 - sine * sine);
    return Math.hypot(north, east);
  }
  const metres = (latlng) => {
    const point = L.Projection.SphericalMercator.project(latlng);
    return [point.x, point.y];
  };

  // ---- the base map: lines in Mercator metres, drawn into tiles, so that panning and zooming cost nothing
  async function readBase(url) {
    const data = await unpack(await fetchBytes(url), "gzip");
    const size = new DataView(data).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, size)));
    const counts = new Uint32Array(data, 4 + size, header.lines);
    const kinds = new Uint8Array(data, 4 + size + 4 * header.lines, header.lines);
    const deltas = new Int32Array(data, 4 + size + 4 * header.lines + 4 * Math.ceil(header.lines / 4));
    const lines = [];
    let x = 0, y = 0, at = 0;
    for (let i = 0; i < header.lines; i++) {
      const xy = new Float64Array(2 * counts[i]);
      let west = Infinity, south = Infinity, east = -Infinity, north = -Infinity;
      for (let k = 0; k < counts[i]; k++) {
        x += deltas[at++];
        y += deltas[at++];
        const px = (xy[2 * k] = header.origin[0] + x * header.unit);
        const py = (xy[2 * k + 1] = header.origin[1] + y * header.unit);
        west = Math.min(west, px); east = Math.max(east, px);
        south = Math.min(south, py); north = Math.max(north, py);
      }
      lines.push({ kind: header.kinds[kinds[i]], xy, west, south, east, north });
    }
    return { lines, labels: header.labels, cellNames: header.cell_names, osm: header.osm };
  }

  const BaseTiles = L.GridLayer.extend({
    createTile(coords) {
      const ratio = window.devicePixelRatio || 1, size = 256, tile = document.createElement("canvas");
      tile.width = tile.height = size * ratio;
      const scale = (size * Math.pow(2, coords.z)) / (2 * HALF_WORLD), pen = tile.getContext("2d");
      const left = (coords.x * size) / scale - HALF_WORLD, top = HALF_WORLD - (coords.y * size) / scale;
      const reach = size / scale, rim = 6 / scale, widen = Math.pow(1.25, coords.z - 12);
      pen.scale(ratio, ratio);
      pen.lineJoin = pen.lineCap = "round";
      const near = this.options.lines.filter(
        (l) => l.west < left + reach + rim && l.east > left - rim && l.north > top - reach - rim && l.south < top + rim
      );
      const trace = (line) => {
        for (let k = 0; k < line.xy.length; k += 2) {
          const x = (line.xy[k] - left) * scale, y = (top - line.xy[k + 1]) * scale;
          k ? pen.lineTo(x, y) : pen.moveTo(x, y);
        }
      };
      for (const kind of this.options.kinds) {
        const style = STYLE[kind] || [0, "#ffffff"], some = near.filter((l) => l.kind === kind);
        if (!some.length || coords.z < style[0]) continue;
        pen.beginPath();
        some.forEach(trace);
        if (kind === "land" || kind === "water") {
          pen.fillStyle = style[1];
          pen.fill("evenodd");
          continue;
        }
        const width = Math.max(0.6, style[2] * Math.min(widen, 3));
        if (width > 1.6 && kind !== "boundary" && kind !== "river") {
          pen.setLineDash([]);
          pen.strokeStyle = "rgba(255,255,255,.85)";
          pen.lineWidth = width + 1.6;
          pen.stroke();
        }
        pen.setLineDash(kind === "railway" ? [6, 4] : DASH[kind] || []);
        pen.strokeStyle = style[1];
        pen.lineWidth = width;
        pen.stroke();
      }
      return tile;
    },
  });

  // ---- names: on one canvas, the greater first, none over another
  const Labels = L.Layer.extend({
    initialize(labels) {
      this._labels = labels.map(([text, x, y, rank]) => ({
        text, rank, at: L.Projection.SphericalMercator.unproject(L.point(x, y)),
      }));
    },
    avoid(places) {
      this._places = places;
      this._draw();
    },
    onAdd(map) {
      this._canvas = L.DomUtil.create("canvas", "planmap-labels", map.getPane("labels"));
      map.on("moveend zoomend resize", this._draw, this);
      map.on("zoomstart", this._hide, this);
      this._draw();
    },
    _hide() {
      this._canvas.style.visibility = "hidden";
    },
    _draw() {
      const map = this._map, size = map.getSize(), ratio = window.devicePixelRatio || 1, zoom = map.getZoom();
      const pen = this._canvas.getContext("2d"), clash = (a, b) => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1];
      const taken = (this._places || []).map((at) => {
        const p = map.latLngToContainerPoint(at);
        return [p.x - 7, p.y - 7, p.x + 7, p.y + 7];
      });
      this._canvas.width = size.x * ratio;
      this._canvas.height = size.y * ratio;
      this._canvas.style.width = size.x + "px";
      this._canvas.style.height = size.y + "px";
      L.DomUtil.setPosition(this._canvas, map.containerPointToLayerPoint([0, 0]));
      this._canvas.style.visibility = "";
      pen.scale(ratio, ratio);
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.lineJoin = "round";
      const shown = new Set();
      for (const label of this._labels) {
        if (label.rank > 1 && zoom < (label.rank === 2 ? 11 : 12.5)) continue;
        const p = map.latLngToContainerPoint(label.at), high = label.rank === 1 ? 14 : 11.5;
        if (p.x < 0 || p.y < 0 || p.x > size.x || p.y > size.y || shown.has(label.text + label.rank)) continue;
        pen.font = (label.rank === 1 ? "600 " : "") + high + "px " + getComputedStyle(map.getContainer()).fontFamily;
        const half = pen.measureText(label.text).width / 2 + 3;
        const aside = half + 10, moves = [[0, 0], [0, -16], [0, 16], [aside, 0], [-aside, 0], [0, -28], [0, 28]];
        const spots = moves.map(([dx, dy]) => [p.x + dx - half, p.y + dy - high * 0.7, p.x + dx + half, p.y + dy + high * 0.7]);
        const box = spots.find((spot) => !taken.some((other) => clash(spot, other)));
        if (!box) continue;
        taken.push(box);
        p.x = (box[0] + box[2]) / 2;
        p.y = (box[1] + box[3]) / 2;
        shown.add(label.text + label.rank);
        pen.strokeStyle = "rgba(255,255,255,.9)";
        pen.lineWidth = 3.5;
        pen.strokeText(label.text, p.x, p.y);
        pen.fillStyle = label.rank === 1 ? "#2b3644" : "#55606e";
        pen.fillText(label.text, p.x, p.y);
      }
    },
  });

  // ---- schools: one marker an id, rebuilt only where something about it changed
  const SHAPES = {
    circle: '<circle cx="9" cy="9" r="6.2"/>',
    square: '<rect x="3.2" y="3.2" width="11.6" height="11.6" rx="2"/>',
    triangle: '<path d="M9 2.2 16 14.8H2Z"/>',
    diamond: '<path d="M9 1.4 16.6 9 9 16.6 1.4 9Z"/>',
  };
  const TOOLS = {
    road: '<path d="M3 15 7 8l5 2 3-7" fill="none" stroke="currentColor" stroke-width="2.2"/>',
    estate: '<path d="M2 9 9 3l7 6M4 8v7h10V8" fill="none" stroke="currentColor" stroke-width="1.8"/>',
  };
  const HOUSE = '<path d="M2 9 9 2.6 16 9V16H2Z"/>';
  const HATCH = '<defs><pattern id="planmap-hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">' +
    '<g stroke="none"><rect width="4" height="4" fill="#fff"/><rect width="1.2" height="4" fill="#5b6875"/></g></pattern></defs>';
  const filled = (school) => {
    if (school.fill === undefined) return "";
    return /^#[0-9a-f]{6}$/.test(school.fill) ? ' style="fill:' + school.fill + '"' : ' style="fill:url(#planmap-hatch)"';
  };
  const icon = (school) =>
    L.divIcon({
      className: "planmap-school is-" + school.role + (school.selected ? " is-selected" : "") + (school.fill === undefined ? "" : " is-filled"),
      html: '<svg viewBox="0 0 18 18"' + filled(school) + ">" + (school.fill === "" ? HATCH : "") + (SHAPES[school.shape] || SHAPES.circle) + "</svg>",
      iconSize: school.role === "open" ? [14, 14] : [20, 20],
    });

  window.startPlanMap = function (map, options) {
    const words = options.words, bounds = [options.bounds.slice(0, 2), options.bounds.slice(2)];
    const container = map.getContainer(), markers = new Map(), timings = [];
    // Room for buttons, legend and scale. A narrow map has none to spare beside its buttons: the county stands below them.
    const room = () => ({ paddingTopLeft: container.clientWidth < 700 ? [12, 52] : [50, 12], paddingBottomRight: [212, 24] });
    let legendContent = "", folded = !!sessionStorage.getItem("planmap-folded");
    let state = null, sites = null, numbers = null, picture = null, ghost = null, follower = null, found = null, was = null, now = null, sequence = 0, clicked = 0, dragged = null, dropped = -1e9, raster, cellNames, names;

    // what stands on what
    for (const [name, level] of [["ground", 210], ["cells", 300], ["lines", 350], ["overlays", 380], ["drawn", 400], ["labels", 450]]) {
      map.createPane(name).style.zIndex = level;
      map.getPane(name).style.pointerEvents = "none";
    }
    map.options.zoomSnap = 0.1;
    map.options.zoomDelta = 0.5;
    map.setMinZoom(7).setMaxZoom(18);
    const remembered = JSON.parse(sessionStorage.getItem("planmap-" + options.key) || "null");
    remembered ? map.setView(remembered.center, remembered.zoom, { animate: false }) : map.fitBounds(bounds, { animate: false, ...room() });
    // The frame gets its height after the map is made: set the view again, until the planner takes the map in hand.
    let untouched = true;
    for (const act of ["pointerdown", "wheel", "keydown"]) container.addEventListener(act, () => (untouched = false), true);
    new ResizeObserver(() => {
      if (!container.clientWidth || !container.clientHeight) return; // a frame on its way out shrinks to nothing
      map.invalidateSize({ pan: false });
      if (!untouched) return;
      remembered ? map.setView(remembered.center, remembered.zoom, { animate: false }) : map.fitBounds(bounds, { animate: false, ...room() });
    }).observe(container);
    map.on("moveend", () =>
      untouched || sessionStorage.setItem("planmap-" + options.key, JSON.stringify({ center: map.getCenter(), zoom: map.getZoom() }))
    );
    map.attributionControl.setPrefix("");
    map.attributionControl.addAttribution(words.notice);
    L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
    const scale = L.control.scale({ imperial: false, maxWidth: 140 });
    scale._updateMetric = function (most) { // Leaflet's own, with our words
      const metres = this._getRoundNum(most);
      const label = metres < 1000 ? metres + " " + words.m : metres / 1000 + " " + words.km;
      this._updateScale(this._mScale, label, metres / most);
    };
    scale.addTo(map);
    const whole = document.createElement("a");
    whole.className = "planmap-whole";
    whole.href = "#";
    whole.title = words.whole_county;
    whole.textContent = "⤢";
    whole.setAttribute("role", "button");
    whole.setAttribute("aria-label", words.whole_county);
    L.DomEvent.on(whole, "click", (e) => { L.DomEvent.stop(e); map.fitBounds(bounds, room()); });
    container.querySelector(".leaflet-control-zoom").append(whole);
    const panel = (className) => {
      const node = document.createElement("div");
      node.className = className;
      container.append(node);
      L.DomEvent.disableClickPropagation(node);
      return node;
    };
    const north = panel("planmap-north"), arrow = document.createElement("i");
    north.append(arrow, words.north);
    const legend = panel("planmap-legend"), tip = panel("planmap-tip"), hint = panel("planmap-hint"), cross = panel("planmap-cross");

    function send(event) {
      clicked = performance.now();
      window.Streamlit.setComponentValue({ ...event, n: Date.now() * 1000 + (sequence++ % 1000) });
    }

    // ---- pointer: place, select, move, tell
    const unfollow = () => { if (follower) follower.remove(); follower = null; };
    map.on("click", (e) => {
      if (drawing) return addBend(e.latlng);
      // A school dropped on another one ends in a click on the map between them: that is no wish for a third school.
      if (!state || state.click !== "place" || dragged || performance.now() - dropped < 400) return;
      const spot = spotAt(e.latlng), at = spot ? spot.at : e.latlng; // a possible site is met exactly
      if (ghost) ghost.remove();
      unfollow();
      ghost = L.marker(at, { icon: icon({ role: "ghost", shape: "square" }), interactive: false }).addTo(map);
      send({ type: "place", id: spot ? spot.id : "", lat: at.lat, lng: at.lng });
    });
    function say(lines, e) {
      tip.replaceChildren(...lines.filter(Boolean).map((text) => {
        const row = document.createElement("div");
        row.textContent = text;
        return row;
      }));
      const p = map.mouseEventToContainerPoint(e), size = map.getSize();
      tip.style.display = lines.length ? "block" : "none";
      tip.style.left = Math.min(p.x + 14, size.x - tip.offsetWidth - 6) + "px";
      tip.style.top = Math.min(p.y + 14, size.y - tip.offsetHeight - 6) + "px";
    }
    function cellAt(latlng) {
      const [x, y] = metres(latlng);
      if (!numbers) return -1;
      const column = Math.floor(((x - raster.west) / (raster.east - raster.west)) * numbers.width);
      const row = Math.floor(((raster.north - y) / (raster.north - raster.south)) * numbers.height);
      const inside = column >= 0 && row >= 0 && column < numbers.width && row < numbers.height;
      return inside ? numbers.ids[row * numbers.width + column] - 1 : -1;
    }
    const way = (tens) => {
      if (tens === 65535) return words.no_path;
      return ((tens - 1) / 100).toFixed(1) + " " + words.km;
    };
    map.on("mousemove", (e) => {
      if (drawing) return followDrawing(e);
      if (e.originalEvent.target.closest && e.originalEvent.target.closest(".planmap-school")) return unfollow();
      if (state && state.click === "place" && !ghost && !dragged) { // what a click would do stands under the pointer
        if (follower) follower.setLatLng(e.latlng);
        else follower = L.marker(e.latlng, { icon: icon({ role: "follower", shape: "square" }), interactive: false }).addTo(map);
      } else unfollow();
      const spot = spotAt(e.latlng), near = under || (spot && [spot.name, ...spot.lines]);
      if (near) return say(near, e.originalEvent);
      const cell = state && state.bytes ? cellAt(e.latlng) : -1, value = cell >= 0 ? state.bytes[cell] : 0;
      if (!value) return say([], e.originalEvent);
      const school = sites && sites[cell] ? state.byId.get(state.site_ids[sites[cell] - 1]) : null, entry = state.legend.entries[value - 1];
      const name = cellNames[0][cellNames[1][cell]];
      const change = was && was[cell] ? way(was[cell]) + " → " + way(now[cell]) : "";
      say([name, school && school.name, entry && state.legend.title + ": " + entry.label, change], e.originalEvent);
    });
    map.on("mouseout", () => { tip.style.display = "none"; unfollow(); });

    // ---- keys on the map
    container.addEventListener("keydown", (e) => {
      if (!state || !state.select || e.target.tagName === "INPUT") return;
      const held = e.ctrlKey || e.metaKey, key = e.key.toLowerCase();
      if (drawing && drawByKey(e, key, held)) return e.preventDefault();
      if (held && key === "z") send({ type: e.shiftKey ? "redo" : "undo" });
      else if (held && key === "y") send({ type: "redo" });
      else if (key === "escape" && state.click) unfollow(), send({ type: "leave" });
      else return;
      e.preventDefault();
    });

    // ---- drawing: a road bend by bend, an estate by one click; nothing is sent before it is done
    const inked = L.svg({ pane: "drawn" }), tools = new Map();
    let drawing = null, under = null;
    const button = (text, act) => {
      const node = document.createElement("button");
      node.type = "button";
      node.textContent = text;
      node.addEventListener("click", act);
      return node;
    };
    const long = (m) => (m < 1000 ? Math.round(m) + " " + words.m : (m / 1000).toFixed(2) + " " + words.km);
    const lengthOf = (points) => points.slice(1).reduce((sum, point, k) => sum + apart(points[k], point), 0);
    function toolBar() {
      const control = L.control({ position: "topleft" });
      control.onAdd = () => {
        const bar = L.DomUtil.create("div", "leaflet-bar planmap-tools");
        bar.setAttribute("role", "toolbar");
        bar.setAttribute("aria-label", words.draw);
        for (const [kind, label] of [["road", words.draw_road], ["estate", words.draw_estate]]) {
          const node = button("", () => (drawing && drawing.kind === kind ? stopDrawing() : startDrawing(kind)));
          node.innerHTML = '<svg viewBox="0 0 18 18" aria-hidden="true">' + TOOLS[kind] + "</svg>";
          node.append(label);
          node.setAttribute("aria-pressed", "false");
          node.dataset.tool = kind;
          tools.set(kind, node);
          bar.append(node);
        }
        L.DomEvent.disableClickPropagation(bar);
        return bar;
      };
      control.addTo(map);
    }
    function startDrawing(kind) {
      stopDrawing();
      unfollow();
      tip.style.display = "none";
      const style = { renderer: inked, pane: "drawn", interactive: false, className: "planmap-sketch" };
      drawing = { kind, points: [], sent: false, shapes: [L.polyline([], style), L.polyline([], { ...style, dashArray: "4 6" })] };
      drawing.shapes.forEach((shape) => shape.addTo(map));
      map.doubleClickZoom.disable();
      container.classList.add("is-drawing");
      tools.get(kind).setAttribute("aria-pressed", "true");
      container.focus();
      tellDrawing();
    }
    function stopDrawing() {
      if (!drawing) return;
      drawing.shapes.forEach((shape) => shape.remove());
      tools.get(drawing.kind).setAttribute("aria-pressed", "false");
      drawing = null;
      map.doubleClickZoom.enable();
      container.classList.remove("is-drawing", "is-by-key");
      hint.style.display = tip.style.display = "none";
    }
    function addBend(at) {
      if (drawing.sent) return;
      if (drawing.kind === "estate") {
        drawing.shapes.push(L.marker(at, { icon: houseIcon(true), interactive: false }).addTo(map));
        drawing.sent = true;
        send({ type: "estate", lat: at.lat, lng: at.lng });
        return tellDrawing();
      }
      const last = drawing.points[drawing.points.length - 1];
      // The second click of a double click is no bend of its own.
      if (last && map.latLngToContainerPoint(last).distanceTo(map.latLngToContainerPoint(at)) < 5) return;
      drawing.points.push(at);
      drawing.shapes.push(L.circleMarker(at, { renderer: inked, pane: "drawn", interactive: false, radius: 4, className: "planmap-bend" }).addTo(map));
      redrawSketch();
    }
    function takeBend() {
      if (!drawing || drawing.sent || !drawing.points.length) return;
      drawing.points.pop();
      drawing.shapes.pop().remove();
      redrawSketch();
    }
    function redrawSketch() {
      drawing.shapes[0].setLatLngs(drawing.points);
      drawing.shapes[1].setLatLngs([]);
      tellDrawing();
    }
    function endDrawing() {
      if (!drawing || drawing.sent || drawing.kind !== "road" || drawing.points.length < 2) return;
      drawing.sent = true;
      drawing.shapes[1].setLatLngs([]);
      tip.style.display = "none";
      send({ type: "road", points: drawing.points.map((at) => [at.lng, at.lat]) });
      tellDrawing();
    }
    function followDrawing(e) {
      container.classList.remove("is-by-key");
      const last = drawing.points[drawing.points.length - 1];
      if (drawing.sent || !last) return say([], e.originalEvent);
      drawing.shapes[1].setLatLngs([last, e.latlng]);
      say([long(lengthOf([...drawing.points, e.latlng]))], e.originalEvent);
    }
    function tellDrawing() {
      const said = document.createElement("span"), road = drawing.kind === "road", many = drawing.points.length;
      said.setAttribute("aria-live", "polite");
      const length = document.createElement("b");
      length.textContent = road && many > 1 ? long(lengthOf(drawing.points)) : "";
      said.append(length, drawing.sent ? words.draw_taken : road ? words.hint_road : words.hint_estate);
      const done = button(words.draw_done, endDrawing), back = button(words.draw_back, takeBend), leave = button(words.draw_leave, stopDrawing);
      done.disabled = many < 2;
      back.disabled = many < 1;
      hint.replaceChildren(said, ...(drawing.sent ? [] : road ? [done, back, leave] : [leave]));
      hint.style.display = "flex";
    }
    function drawByKey(e, key, held) {
      if (e.target.tagName === "BUTTON" && (key === "enter" || key === " ")) return false;
      if (key === "escape") stopDrawing();
      else if (key === "enter") endDrawing();
      else if (key === "backspace" || key === "delete" || (held && key === "z")) takeBend();
      else if (key === " ") addBend(map.getCenter()); // arrows move the map beneath the cross
      else {
        if (key.startsWith("arrow")) container.classList.add("is-by-key");
        return held && key === "y";
      }
      return true;
    }
    map.on("dblclick", () => drawing && endDrawing());

    // ---- what the plan draws: new roads and estates, fetched when they change
    const houseIcon = (draft) =>
      L.divIcon({ className: "planmap-estate" + (draft ? " is-draft" : ""), html: '<svg viewBox="0 0 18 18">' + HOUSE + "</svg>", iconSize: [20, 20] });
    const drawn = L.layerGroup().addTo(map);
    let drawnUrl = "", drawnKinds = [];
    async function drawPlan(url) {
      if (url === drawnUrl) return;
      drawnUrl = url;
      const found = url ? JSON.parse(new TextDecoder().decode(await unpack(await fetchBytes(url), "gzip"))) : [];
      if (url !== drawnUrl) return; // the plan has changed meanwhile
      drawn.clearLayers();
      under = null;
      for (const one of found) {
        const told = [one.name, ...one.lines];
        if (one.kind === "road") {
          const line = (className, more) => L.polyline(one.path, { renderer: inked, pane: "drawn", interactive: false, className, ...more });
          const hand = line("planmap-grip", { interactive: true });
          hand.on("mouseover", () => (under = told)).on("mouseout", () => (under = null));
          drawn.addLayer(line("planmap-road is-rim")).addLayer(line("planmap-road" + (one.draft ? " is-draft" : ""))).addLayer(hand);
          if (hand.getElement()) hand.getElement().setAttribute("aria-label", told.join(", "));
        } else {
          const mark = L.marker(one.path[0], { icon: houseIcon(one.draft), keyboard: false, bubblingMouseEvents: true });
          mark.on("mouseover", () => (under = told)).on("mouseout", () => (under = null));
          drawn.addLayer(mark);
          mark.getElement().setAttribute("aria-label", told.join(", "));
        }
      }
      drawnKinds = [...new Set(found.map((one) => one.kind))];
      container.dataset.drawn = String(found.length);
      drawLegend();
    }

    // ---- spots: many points with figures, such as possible sites with their scores; places once, figures when they change
    let spots = null, spotsUrl = "";
    const readJson = (url) => fetchBytes(url).then((bytes) => unpack(bytes, "gzip")).then((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
    const places = new Map();
    function readPlaces(url) {
      if (!places.has(url)) {
        if (places.size > 4) places.delete(places.keys().next().value);
        places.set(url, readJson(url).then((read) => {
          const at = read.at.map(([lat, lng]) => L.latLng(lat, lng)), xy = at.map(metres);
          return { ...read, at, x: Float64Array.from(xy, (p) => p[0]), y: Float64Array.from(xy, (p) => p[1]) };
        }));
        places.get(url).catch(() => places.delete(url));
      }
      return places.get(url);
    }
    async function drawSpots(asked) {
      const url = asked ? asked.places + asked.values : "";
      if (url === spotsUrl) return;
      spotsUrl = url;
      const [fixed, values] = asked ? await Promise.all([readPlaces(asked.places), readJson(asked.values)]) : [null, null];
      if (url !== spotsUrl) return;
      if (spots) spots.group.remove();
      spots = null;
      container.dataset.spots = fixed ? String(fixed.at.length) : "0";
      if (!fixed) return;
      const group = L.layerGroup(), order = [...values.style.keys()].sort((a, b) => values.style[a] - values.style[b]); // the best lie on top
      for (const k of order) {
        const [fillColor, radius] = values.styles[values.style[k]];
        group.addLayer(L.circleMarker(fixed.at[k], { renderer: slate, pane: "overlays", interactive: false, radius, weight: 1, color: "#1d2733", fillColor, fillOpacity: 0.95 }));
      }
      spots = { ...fixed, lines: values.lines, style: values.style, styles: values.styles, group: group.addTo(map) };
    }
    function spotAt(latlng) {
      if (!spots) return null;
      const [x, y] = metres(latlng), pixel = (2 * HALF_WORLD) / (256 * Math.pow(2, map.getZoom()));
      let best = -1, least = Infinity;
      for (let k = 0; k < spots.at.length; k++) {
        const away = Math.hypot(spots.x[k] - x, spots.y[k] - y) / pixel;
        if (away < least && away <= spots.styles[spots.style[k]][1] + 4) (best = k), (least = away);
      }
      return best < 0 ? null : { id: spots.ids[best], name: spots.names[best], at: spots.at[best], lines: spots.lines[best] };
    }

    // ---- search: schools of the stage and names of the base map
    function searchBox(places) {
      const box = panel("planmap-search"), field = document.createElement("input"), list = document.createElement("div");
      field.type = "search";
      field.placeholder = words.search;
      field.setAttribute("aria-label", words.search);
      field.autocomplete = "off";
      list.className = "hits";
      list.setAttribute("aria-live", "polite");
      box.append(field, list);
      L.DomEvent.disableScrollPropagation(box);
      // Clicks as well: Leaflet asks a clicked node's parents whether a click is none for the map, and a found place's row is gone by then.
      for (const act of ["keydown", "keypress", "mousemove", "click"]) box.addEventListener(act, (e) => e.stopPropagation());
      const show = (hit) => {
        const at = L.latLng(hit.lat, hit.lng);
        untouched = false;
        if (found) found.remove();
        found = L.marker(at, { icon: L.divIcon({ className: "planmap-found", iconSize: [34, 34] }), interactive: false }).addTo(map);
        map.flyTo(at, Math.max(map.getZoom(), 13), { duration: 0.5 });
        list.replaceChildren();
        field.value = hit.name;
      };
      const search = () => {
        const asked = field.value.trim().toLowerCase();
        if (found) found.remove();
        found = null;
        if (!asked || !state) return list.replaceChildren();
        const seen = new Set(), hits = [...state.schools, ...places]
          .filter((place) => place.name.toLowerCase().includes(asked))
          .sort((a, b) => a.name.toLowerCase().indexOf(asked) - b.name.toLowerCase().indexOf(asked))
          .filter((place) => { const id = place.name + place.lat + place.lng; return !seen.has(id) && seen.add(id); })
          .slice(0, 8);
        const none = document.createElement("div");
        none.className = "none";
        none.textContent = words.nothing_found;
        list.replaceChildren(...(hits.length ? hits.map((hit) => {
          const row = document.createElement("button");
          row.type = "button";
          row.textContent = hit.name;
          row.addEventListener("click", () => show(hit));
          return row;
        }) : [none]));
      };
      field.addEventListener("input", search);
      box.addEventListener("keydown", (e) => {
        const rows = [...list.querySelectorAll("button")], at = rows.indexOf(document.activeElement);
        if (e.key === "Escape") field.value = "", search(), field.focus();
        else if (e.key === "ArrowDown" && rows.length) rows[Math.min(at + 1, rows.length - 1)].focus();
        else if (e.key === "ArrowUp" && at >= 0) (rows[at - 1] || field).focus();
        else if (e.key === "Enter" && at < 0 && rows.length) rows[0].click();
        else return;
        e.preventDefault();
      });
    }

    function drawSchools() {
      const wanted = new Set();
      for (const school of state.schools) {
        wanted.add(school.id);
        const content = JSON.stringify(school), old = markers.get(school.id);
        if (old && (old.content === content || dragged === school.id)) continue;
        if (old) old.marker.remove(), (tip.style.display = "none"); // it may tell what was true of the school before
        const marker = L.marker([school.lat, school.lng], {
          icon: icon(school), draggable: !!school.draggable, riseOnHover: true, bubblingMouseEvents: false,
          zIndexOffset: school.selected ? 2000 : school.role === "open" ? 0 : 1000, // the selected one can be grasped
        }).addTo(map);
        const node = marker.getElement();
        node.setAttribute("aria-label", school.name);
        L.DomEvent.on(node, "mousemove", (e) => {
          if (drawing) return;
          L.DomEvent.stop(e);
          unfollow();
          say([school.name, ...school.lines], e);
        });
        L.DomEvent.on(node, "mouseout", () => (tip.style.display = "none"));
        marker.on("click", () => (drawing ? addBend(marker.getLatLng()) : state.select && send({ type: "select", id: school.id })));
        marker.on("dblclick", () => drawing && endDrawing());
        marker.on("dragstart", () => (dragged = school.id));
        marker.on("dragend", () => {
          const at = marker.getLatLng();
          dragged = null;
          dropped = performance.now();
          markers.get(school.id).content = ""; // put back where it stood if the move is refused
          send({ type: "move", id: school.id, lat: at.lat, lng: at.lng });
        });
        markers.set(school.id, { marker, content });
      }
      for (const [id, old] of markers) if (!wanted.has(id)) old.marker.remove(), markers.delete(id);
    }

    // ---- overlays: fetched when they are first asked for, drawn on a canvas of their own
    const overlays = new Map(), slate = L.canvas({ pane: "overlays", padding: 0.3 });
    const chosen = new Set(JSON.parse(sessionStorage.getItem("planmap-overlays") || "[]"));
    async function readOverlay(url) {
      const parts = JSON.parse(new TextDecoder().decode(await unpack(await fetchBytes(url), "gzip"))), group = L.layerGroup();
      const places = (flat) => {
        const found = [];
        for (let k = 0, x = 0, y = 0; k < flat.length; k += 2)
          found.push(L.Projection.SphericalMercator.unproject(L.point((x += flat[k]), (y += flat[k + 1]))));
        return found;
      };
      for (const part of parts) {
        const style = { renderer: slate, pane: "overlays", interactive: false, color: part.color, weight: part.width, opacity: 0.9 };
        if (part.lines.length) group.addLayer(L.polyline(part.lines.map(places), style));
        if (part.areas.length) group.addLayer(L.polygon(part.areas.map((rings) => rings.map(places)), { ...style, fillOpacity: 0.28 }));
        for (const point of part.points)
          group.addLayer(L.circleMarker(places(point)[0], { ...style, radius: part.width, weight: 1, color: "#fff", fillColor: part.color, fillOpacity: 0.9 }));
      }
      return group;
    }
    const wantedOverlays = () =>
      new Set([state.lines, ...(state.overlays || []).filter((overlay) => chosen.has(overlay.name)).map((overlay) => overlay.url)].filter(Boolean));
    function drawOverlays() {
      const wanted = wantedOverlays();
      for (const url of wanted) if (!overlays.has(url)) overlays.set(url, readOverlay(url).catch(() => (overlays.delete(url), null)));
      for (const [url, reading] of overlays) {
        reading.then((group) => group && (wantedOverlays().has(url) ? group.addTo(map) : group.remove()));
        if (!wanted.has(url) && overlays.size > 12) overlays.delete(url);
      }
    }
    function overlayRow(overlay) {
      const line = document.createElement("label"), box = document.createElement("input"), mark = document.createElement("i"), text = document.createElement("span");
      line.className = "row";
      box.type = "checkbox";
      box.checked = chosen.has(overlay.name);
      mark.style.background = overlay.color;
      text.textContent = overlay.label;
      box.addEventListener("change", () => {
        box.checked ? chosen.add(overlay.name) : chosen.delete(overlay.name);
        sessionStorage.setItem("planmap-overlays", JSON.stringify([...chosen]));
        drawOverlays();
      });
      line.append(box, mark, text);
      return line;
    }

    function drawLegend() {
      const content = JSON.stringify([state.legend, state.overlays, folded, drawnKinds]);
      if (content === legendContent) return;
      legendContent = content;
      const row = (mark, text) => {
        const line = document.createElement("div"), words = document.createElement("span");
        line.className = "row";
        words.textContent = text;
        line.append(mark, words);
        return line;
      };
      const title = document.createElement("button");
      title.type = "button";
      title.className = "title";
      title.textContent = state.legend.title;
      title.setAttribute("aria-expanded", String(!folded));
      title.addEventListener("click", () => {
        folded = !folded;
        sessionStorage.setItem("planmap-folded", folded ? "1" : "");
        drawLegend();
        legend.querySelector(".title").focus();
      });
      const rows = state.legend.entries.filter((entry) => !entry.hidden).map((entry) => {
        const mark = document.createElement("i");
        entry.hatched ? mark.classList.add("is-hatched") : (mark.style.background = entry.color);
        if (entry.width) mark.style.height = entry.width + "px";
        if (entry.radius) mark.style.width = mark.style.height = 2 * entry.radius + "px", mark.style.borderRadius = "50%", mark.classList.add("is-spot"), (mark.style.margin = "0 " + (16 - entry.radius) + "px 0 " + (8 - entry.radius) + "px");
        if (entry.note) mark.style.display = "none";
        return row(mark, entry.label);
      });
      const marks = (state.legend.schools || []).map((entry) => {
        const mark = document.createElement("b");
        mark.className = "planmap-school is-" + entry.role;
        mark.innerHTML = '<svg viewBox="0 0 18 18">' + (SHAPES[entry.shape] || SHAPES.circle) + "</svg>";
        return row(mark, entry.label);
      });
      for (const kind of drawnKinds) {
        const mark = document.createElement("b");
        mark.className = kind === "road" ? "planmap-roadkey" : "planmap-estate";
        if (kind === "estate") mark.innerHTML = '<svg viewBox="0 0 18 18">' + HOUSE + "</svg>";
        marks.push(row(mark, kind === "road" ? words.new_road : words.new_estate));
      }
      const also = document.createElement("div"), more = (state.overlays || []).map(overlayRow);
      also.className = "also";
      also.textContent = words.also;
      legend.replaceChildren(title, ...(folded ? [] : [...rows, ...marks, ...(more.length ? [also, ...more] : [])]));
      legend.style.display = "block";
    }

    function recolour() {
      if (!picture || !state.bytes) return;
      const colours = new Uint32Array(256);
      state.legend.entries.forEach((entry, i) => {
        const hex = parseInt(entry.color.slice(1), 16);
        colours[i + 1] = ((255 << 24) | ((hex & 255) << 16) | (hex & 0xff00) | (hex >> 16)) >>> 0;
      });
      const far = map.getZoom() < numbers.nearZoom, ids = far ? numbers.wide : numbers.ids, classes = state.bytes;
      const pixels = new Uint32Array(picture.data.data.buffer);
      picture.pen.canvas.classList.toggle("is-far", far);
      for (let i = 0; i < pixels.length; i++) pixels[i] = ids[i] ? colours[classes[ids[i] - 1]] : 0;
      picture.pen.putImageData(picture.data, 0, 0);
    }

    // Seen from far a cell is less than a pixel: there it is painted as wide as two pixels of the screen.
    function widened(ids, width, reach) {
      const wide = ids.slice();
      for (let i = 0; i < ids.length; i++) {
        if (!ids[i]) continue;
        const x = i % width, from = Math.max(-reach, -x), to = Math.min(reach, width - 1 - x);
        for (let dy = -reach; dy <= reach; dy++)
          for (let dx = from; dx <= to; dx++) {
            const k = i + dy * width + dx;
            if (dx * dx + dy * dy <= reach * reach && wide[k] === 0) wide[k] = ids[i];
          }
      }
      return wide;
    }

    function draw() {
      if (!state || !picture) return;
      recolour();
      drawSchools();
      names.avoid(state.schools.map((school) => [school.lat, school.lng]));
      drawLegend();
      drawOverlays();
      if (state.draw && !tools.size) toolBar();
      if (drawing && drawing.sent) stopDrawing();
      drawPlan(state.drawn || "").catch((error) => { drawnUrl = ""; console.error(error); }); // the next state asks again
      drawSpots(state.spots).catch((error) => { spotsUrl = ""; console.error(error); });
      container.classList.toggle("is-placing", state.click === "place");
      if (ghost) ghost.remove();
      ghost = null;
      container.dataset.revision = String(state.revision); // what a test waits for
      if (clicked) requestAnimationFrame(() => { timings.push(performance.now() - clicked); clicked = 0; });
    }

    let turn = Promise.resolve();
    function push(next) {
      turn = turn.then(async () => {
        const held = next.reference ? await readReference(next.reference) : null;
        next.bytes = await readArray(next.classes, Uint8Array, held && held.classes);
        sites = next.sites ? await readArray(next.sites, Uint16Array, held && held.sites) : null;
        was = next.was ? await readArray(next.was, Uint16Array, null, next.bytes.length) : null;
        now = next.now ? await readArray(next.now, Uint16Array, null, next.bytes.length) : null;
        if (held) {
          const changed = new Map(next.changed.map((school) => [school.id, school])), gone = new Set(next.gone);
          const known = new Set(held.schools.map((school) => school.id));
          next.schools = held.schools.filter((school) => !gone.has(school.id)).map((school) => changed.get(school.id) || school)
            .concat(next.changed.filter((school) => !known.has(school.id)));
          next.legend = next.legend || held.legend;
          next.site_ids = next.site_ids || held.site_ids;
        }
        next.byId = new Map(next.schools.map((school) => [school.id, school]));
        if (!next.click) unfollow();
        state = next;
        draw();
      }).catch((error) => console.error(error)); // one state lost; the next is whole again
    }

    async function load() {
      const [base, image] = await Promise.all([
        readBase(options.base),
        fetchBytes(options.raster).then((bytes) =>
          createImageBitmap(new Blob([bytes], { type: "image/png" }), { colorSpaceConversion: "none", premultiplyAlpha: "none" })
        ),
      ]);
      if (base.osm) map.attributionControl.addAttribution(words.osm);
      const lines = base.lines;
      cellNames = base.cellNames;
      new BaseTiles({ pane: "ground", lines, kinds: ["land", "water"], keepBuffer: 4 }).addTo(map);
      new BaseTiles({
        pane: "lines", lines, keepBuffer: 4,
        kinds: ["river", "path", "track", "minor", "tertiary", "secondary", "primary", "trunk", "railway", "township", "boundary"],
      }).addTo(map);
      names = new Labels(base.labels).addTo(map);
      searchBox(base.labels.map(([name, x, y]) => {
        const at = L.Projection.SphericalMercator.unproject(L.point(x, y));
        return { name, lat: at.lat, lng: at.lng };
      }));
      const canvas = document.createElement("canvas");
      canvas.width = image.width;
      canvas.height = image.height;
      const pen = canvas.getContext("2d", { willReadFrequently: true });
      pen.drawImage(image, 0, 0);
      const data = pen.getImageData(0, 0, image.width, image.height), bytes = data.data;
      numbers = { width: image.width, height: image.height, ids: new Uint32Array(image.width * image.height) };
      for (let i = 0; i < numbers.ids.length; i++) numbers.ids[i] = bytes[4 * i] | (bytes[4 * i + 1] << 8) | (bytes[4 * i + 2] << 16);
      pen.clearRect(0, 0, image.width, image.height);
      picture = { pen, data };
      const [south, west, north, east] = options.rasterBounds;
      const [x0, y0] = metres(L.latLng(south, west)), [x1, y1] = metres(L.latLng(north, east));
      raster = { west: x0, south: y0, east: x1, north: y1 };
      // From this zoom on a pixel of the image is at least a pixel of the screen.
      numbers.nearZoom = Math.log2((2 * HALF_WORLD * image.width) / (256 * (x1 - x0))) - 0.25;
      numbers.wide = widened(numbers.ids, image.width, 4);
      let wasFar = null;
      map.on("zoomend", () => {
        const far = map.getZoom() < numbers.nearZoom;
        if (state && far !== wasFar) recolour();
        wasFar = far;
      });
      canvas.className = "planmap-cells";
      L.svgOverlay(canvas, [[south, west], [north, east]], { pane: "cells" }).addTo(map); // any element will do
      draw();
      container.dataset.ready = "1";
    }
    load();
    return { push, send, timings, map };
  };
})();
