/* Two small things that style sheets cannot do. Without this script the pages still work. */
(function () {
  "use strict";

  /* What scrolls sideways must be reachable by keyboard, so that it can be scrolled without a mouse. */
  var SCROLLERS = "mjx-container[display=true], .pst-scrollable-table-container, .bd-article pre, .cell_output > .output";
  function reach() {
    document.querySelectorAll(SCROLLERS).forEach(function (box) {
      if (box.scrollWidth > box.clientWidth + 1) { box.tabIndex = 0; }
    });
  }
  function reachSoon() {
    reach();
    var typeset = window.MathJax && window.MathJax.startup && window.MathJax.startup.promise;
    if (typeset) { typeset.then(reach); }
  }
  window.addEventListener("load", reachSoon);
  window.addEventListener("resize", reach);

  /* A printed page shows every hint and solution. */
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll(".bd-article details").forEach(function (box) { box.open = true; });
  });
})();
