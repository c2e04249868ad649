# Results as JSON, with base R alone.

as_json <- function(x) {
  if (is.list(x)) {
    inside <- paste0("\"", names(x), "\": ", vapply(x, as_json, ""), collapse = ", ")
    return(paste0("{", inside, "}"))
  }
  if (!is.null(names(x))) return(as_json(as.list(x)))
  if (is.character(x)) return(paste0("\"", x, "\""))
  if (!is.finite(x)) return("null")
  format(x, digits = 10)
}
