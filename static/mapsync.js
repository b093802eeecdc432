// Maps that stand beside each other move together. Each is in a frame of its own; frames of one origin hear each other.
"use strict";
function moveTogether(map, group) {
  if (!group || !window.BroadcastChannel) return;
  const channel = new BroadcastChannel("planmap-" + group), me = Math.random().toString(36).slice(2);
  let following = 0;
  const middle = () => { const c = map.getCenter(); return { from: me, lat: c.lat, lng: c.lng, zoom: map.getZoom() }; };
  const tell = () => { if (Date.now() > following) channel.postMessage(middle()); };
  map.on("move zoomend", tell);
  channel.onmessage = event => {
    const there = event.data;
    if (!there || there.from === me || ![there.lat, there.lng, there.zoom].every(Number.isFinite)) return;
    following = Date.now() + 150;  // what follows is not an order of its own
    map.setView([there.lat, there.lng], there.zoom, { animate: false });
    map.getContainer().dataset.together = [there.lat.toFixed(5), there.lng.toFixed(5), there.zoom].join(" ");
  };
}
