// Computes and draws the similarity map of the patch that is chosen.
'use strict';
(() => {
  const heat = document.getElementById('heat-colors');
  if (!heat) return;
  const colors = JSON.parse(heat.textContent);
  for (const article of document.querySelectorAll('article.patches')) {
    const { rows, columns, scale, start, data } = JSON.parse(article.querySelector('script').textContent);
    const tokens = Int8Array.from(atob(data), (character) => (character.charCodeAt(0) << 24) >> 24);
    const dim = tokens.length / (rows * columns);
    const canvas = article.querySelector('canvas');
    const photograph = article.querySelector('.marked');
    const said = article.querySelector('.patch');
    const dot = document.createElement('i');
    dot.className = 'dot';
    const twin = dot.cloneNode();
    photograph.append(dot);
    canvas.parentElement.append(twin);
    const pen = canvas.getContext('2d');
    const map = pen.createImageData(columns, rows);
    const similarity = (a, b) => {
      let sum = 0;
      for (let c = 0; c < dim; c++) sum += tokens[a * dim + c] * tokens[b * dim + c];
      return sum * scale * scale;
    };
    let row = start.row,
      column = start.column;
    const draw = () => {
      const chosen = row * columns + column;
      let sum = 0;
      for (let i = 0; i < rows * columns; i++) {
        const value = similarity(chosen, i);
        if (i !== chosen) sum += value;
        const [r, g, b] = colors[Math.round(255 * Math.min(1, Math.max(0, value)))];
        map.data.set([r, g, b, 255], 4 * i);
      }
      pen.putImageData(map, 0, 0);
      for (const mark of [dot, twin]) {
        mark.style.left = (100 * (column + 0.5)) / columns + '%';
        mark.style.top = (100 * (row + 0.5)) / rows + '%';
      }
      const mean = sum / Math.max(1, rows * columns - 1);
      said.textContent = 'row ' + (row + 1) + ', column ' + (column + 1) + ': mean cosine ' + mean.toFixed(2);
      article.dataset.chosen = row + ',' + column;
    };
    const choose = (y, x) => {
      row = Math.min(rows - 1, Math.max(0, y));
      column = Math.min(columns - 1, Math.max(0, x));
      draw();
    };
    for (const area of [photograph, canvas.parentElement]) {
      area.tabIndex = 0;
      const follow = (event) => {
        const box = area.getBoundingClientRect();
        choose(
          Math.floor((rows * (event.clientY - box.top)) / box.height),
          Math.floor((columns * (event.clientX - box.left)) / box.width),
        );
      };
      area.addEventListener('pointerdown', follow);
      area.addEventListener('pointermove', (event) => {
        if (event.buttons) follow(event);
      });
      area.addEventListener('keydown', (event) => {
        const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[
          event.key
        ];
        if (!step) return;
        event.preventDefault();
        choose(row + step[0], column + step[1]);
      });
    }
    draw();
  }
})();
