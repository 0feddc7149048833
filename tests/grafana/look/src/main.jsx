// One dashboard on Grafana's grid of 24 columns, without Grafana's server around it.
import { createTheme, dateTime, ThemeContext } from '@grafana/data';
import { PanelChrome, PortalContainer, GlobalStyles } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { frames, variables } from './ask.js';
import { dressed } from './dress.js';
import { Body } from './panels.jsx';

const CELL = 30;
const GAP = 8;
const asked = new URLSearchParams(location.search);
const theme = createTheme({ colors: { mode: asked.get('theme') ?? 'dark' } });
const range = { from: Number(asked.get('from')), to: Number(asked.get('to')) };
const timeRange = {
  from: dateTime(range.from * 1000),
  to: dateTime(range.to * 1000),
  raw: { from: dateTime(range.from * 1000), to: dateTime(range.to * 1000) },
};
const chosen = Object.fromEntries(asked.getAll('set').map((each) => each.split(/=(.*)/s).slice(0, 2)));

function place({ gridPos }) {
  const column = (innerWidth - GAP) / 24;
  return {
    left: gridPos.x * column + GAP,
    top: gridPos.y * (CELL + GAP) + GAP,
    width: gridPos.w * column - GAP,
    height: gridPos.h * (CELL + GAP) - GAP,
  };
}

function PanelBox({ panel, values, onDone }) {
  const box = place(panel);
  const [state, setState] = useState({ series: [], failure: '', done: false });
  useEffect(() => {
    frames(panel, values, range)
      .then((made) => dressed(panel, made, theme, timeRange))
      .then((series) => setState({ series, failure: '', done: true }))
      .catch((error) => setState({ series: [], failure: String(error), done: true }))
      .finally(onDone);
  }, []);
  const points = state.series
    .flatMap((frame) => frame.fields.filter((field) => field.name !== 'Time'))
    .reduce((sum, field) => sum + field.values.filter((value) => value !== null && value !== undefined).length, 0);
  const about = { 'data-panel': panel.title, 'data-type': panel.type, 'data-failure': state.failure };
  return (
    <div {...about} data-series={state.series.length} data-points={points} style={{ position: 'absolute', ...box }}>
      <PanelChrome title={panel.title} description={panel.description} width={box.width} height={box.height}>
        {(width, height) =>
          state.done ? (
            <Body panel={panel} series={state.series} failure={state.failure} {...{ width, height, theme, timeRange }} />
          ) : null
        }
      </PanelChrome>
    </div>
  );
}

function Board({ board, values }) {
  const panels = board.panels.filter((panel) => panel.type !== 'row');
  const [done, setDone] = useState(0);
  const height = Math.max(...board.panels.map((panel) => panel.gridPos.y + panel.gridPos.h)) * (CELL + GAP) + GAP;
  return (
    <div id="board" data-drawn={done === panels.length} style={{ position: 'relative', height }}>
      {board.panels
        .filter((panel) => panel.type === 'row')
        .map((panel) => (
          <h2 key={panel.id} style={{ position: 'absolute', ...place(panel), fontSize: 16, lineHeight: '30px' }}>
            {panel.title}
          </h2>
        ))}
      {panels.map((panel) => (
        <PanelBox key={panel.id} panel={panel} values={values} onDone={() => setDone((count) => count + 1)} />
      ))}
    </div>
  );
}

const board = await (await fetch(`/dashboards/${asked.get('board')}.json`)).json();
const values = await variables(board, chosen, range);
document.body.style.background = theme.colors.background.canvas;
createRoot(document.getElementById('root')).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <Board board={board} values={values} />
    <PortalContainer />
  </ThemeContext.Provider>
);
