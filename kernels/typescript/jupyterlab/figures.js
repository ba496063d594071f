// A prebuilt JupyterLab extension, written by hand in the form that JupyterLab loads: it draws plotly figures with the
// plotly.js that lies beside it, off line, also in notebooks that are not trusted (their HTML would not run). And it lets live
// displays go on after the page was loaded again: JupyterLab forgets then which output a display is.
(() => {
  const FIGURE = "application/vnd.plotly.v1+json";
  const IN_HTML = "application/vnd.ictal.figure+json"; // a figure too large to be stored twice: its JSON is in the HTML
  const folder = document.currentScript.src.replace(/[^/]*$/, "");
  let shared;
  let library;

  /** plotly.js, loaded once for the page when the first figure needs it. */
  function loadPlotly() {
    library ??= new Promise((resolve, reject) => {
      if (window.Plotly) return resolve(window.Plotly);
      const script = document.createElement("script");
      script.src = `${folder}plotly.js`;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error(`${script.src} could not be loaded; stop JupyterLab and start it again`));
      document.head.append(script);
    });
    return library;
  }

  // Figures that come as HTML wait for this name before they look for plotly.js elsewhere.
  Object.defineProperty(window, "ictalPlotly", { configurable: true, get: loadPlotly, set() {} });

  /** The figure of a MIME model: its JSON, or what the HTML holds of it. */
  function figureOf({ data }) {
    if (data[FIGURE]) return data[FIGURE];
    const page = new DOMParser().parseFromString(String(data["text/html"]), "text/html"); // runs no script
    return JSON.parse(page.querySelector(`script[type="${FIGURE}"]`).textContent);
  }

  /** The share scope holds, by version, what JupyterLab itself uses; one version of Lumino is there. */
  async function widgetClass() {
    const [entry] = Object.values(shared["@lumino/widgets"]);
    return (await entry.get())().Widget;
  }

  function figureRenderer(Widget) {
    return class FigureRenderer extends Widget {
      place = document.createElement("div");

      constructor() {
        super();
        this.node.append(this.place);
        this.resized = new ResizeObserver(() => {
          if (this.place.clientWidth > 0 && this.drawn) window.Plotly.Plots.resize(this.place);
        });
      }

      async renderModel(model) {
        try {
          const { data, layout = {}, config } = figureOf(model);
          this.place.style.height = `${typeof layout.height === "number" ? layout.height : 450}px`;
          const Plotly = await loadPlotly();
          await Plotly.react(this.place, data, layout, { displaylogo: false, ...config });
          this.drawn = true;
          this.resized.observe(this.place);
        } catch (error) {
          this.place.textContent = `This figure could not be drawn: ${error.message}`;
        }
      }

      dispose() {
        this.resized.disconnect();
        if (this.drawn) window.Plotly.purge(this.place);
        super.dispose();
      }
    };
  }

  async function mimeExtension() {
    const Renderer = figureRenderer(await widgetClass());
    return {
      id: "ictal-figures:renderer",
      rank: 0,
      dataType: "json",
      rendererFactory: { safe: true, mimeTypes: [FIGURE, IN_HTML], createRenderer: () => new Renderer() },
    };
  }

  /** The outputs of a notebook that show the live display `id`. */
  function* outputsOf(panel, id) {
    for (const { model } of panel.content.widgets) {
      if (model.type !== "code") continue;
      for (let i = 0; i < model.outputs.length; i++) {
        const output = model.outputs.get(i);
        if (output.metadata.ictal?.displayId === id) yield output;
      }
    }
  }

  /** Puts an update into outputs that came with the file; those that ran in this page JupyterLab updates itself. */
  function update(panel, stored, { header, content }) {
    if (header.msg_type !== "update_display_data") return;
    const id = content.transient?.display_id;
    for (const output of outputsOf(panel, id)) {
      if (stored.has(output)) output.setData({ data: content.data, metadata: output.metadata });
    }
  }

  async function liveDisplays() {
    const [entry] = Object.values(shared["@jupyterlab/notebook"]);
    const { INotebookTracker } = (await entry.get())();
    return {
      id: "ictal-figures:live-displays",
      autoStart: true,
      requires: [INotebookTracker],
      activate(_app, tracker) {
        tracker.widgetAdded.connect(async (_tracker, panel) => {
          await panel.context.ready;
          const stored = new WeakSet();
          for (const { model } of panel.content.widgets) {
            if (model.type !== "code") continue;
            for (let i = 0; i < model.outputs.length; i++) stored.add(model.outputs.get(i));
          }
          panel.sessionContext.iopubMessage.connect((_context, message) => update(panel, stored, message));
        });
      },
    };
  }

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB["ictal-figures"] = {
    init(scope) {
      shared = scope;
    },
    async get(name) {
      const extension = await (name === "./extension" ? liveDisplays() : mimeExtension());
      return () => ({ __esModule: true, default: extension });
    },
  };
})();
