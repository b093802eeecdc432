// Maps that stand beside each other move together. Each is in a frame of its own; frames of one origin hear each other.
"use strict";
function moveTogether(map, group) {
  if (!group || !window.BroadcastChannel) return;
  const channel = new BroadcastChannel("planmap-" + group), me = Math.random().toString(36).slice(2);
  let following = 0;
  const middle = () => { const c = map.getCenter(); return { from: me, lat: c.lat, lng: c.lng, zoom: map.getZoom() }; };
  const stands = ({ lat, lng, zoom }) => { map.getContainer().dataset.together = [lat.toFixed(5), lng.toFixed(5), zoom].join(" "); };
  const tell = () => {
    if (Date.now() <= following) return;
    const here = middle();
    channel.postMessage(here);
    stands(here);
  };
  map.on("move zoomend", tell);
  channel.onmessage = event => {
    const there = event.data;
    if (!there || there.from === me || ![there.lat, there.lng, there.zoom].every(Number.isFinite)) return;
    following = Date.now() + 150;  // what follows is not an order of its own
    map.setView([there.lat, there.lng], there.zoom, { animate: false });
    stands(there);
  };
}
