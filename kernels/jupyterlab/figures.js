// A prebuilt JupyterLab extension, written by hand in the form that JupyterLab loads: it draws plotly figures with the
// plotly.js that lies beside it, off line, also in notebooks that are not trusted (their HTML would not run).
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
      script.onerror = () => reject(new Error(`${script.src} could not be loaded; stop and start "npm run lab"`));
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

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB["ictal-figures"] = {
    init(scope) {
      shared = scope;
    },
    async get() {
      const extension = await mimeExtension();
      return () => ({ __esModule: true, default: extension });
    },
  };
})();
