// The map of the set as a picture to save: what is seen, with the legend of what is shown.

function saveMap(map) {
  const { look } = map, width = map.stage.clientWidth, high = map.stage.clientHeight;
  const { canvas, brush, top } = sheet(look, `${map.set.title} · coloured by ${WAYS[map.by].text.toLowerCase()}`, width, high + 30);
  brush.drawImage(map.canvas, 0, top, width, high);
  let at = 12;
  brush.font = `13px ${look.font}`;
  map.entries.filter((e) => e.count && !map.hidden.has(e.n)).forEach((e) => {
    const text = `${e.name} ${e.count.toLocaleString("en")}`;
    brush.fillStyle = e.color;
    brush.fillRect(at, top + high + 9, 12, 12);
    brush.fillStyle = look.ink;
    brush.fillText(text, at + 17, top + high + 15);
    at += brush.measureText(text).width + 36;
  });
  save(canvas, "map-of-the-set");
}
