# Seconds that nlme::nlme and lme4::nlmer take on a bi-exponential with two random effects.
# Rscript mixed.R <csv> <repeats>; prints: name, seconds of each repeat, log-likelihood.
arguments <- commandArgs(trailingOnly = TRUE)
data <- read.csv(arguments[1])
data$y <- log(data$DV)
start <- c(la = log(60), lalpha = log(2), lb = log(20), lbeta = log(0.05))

timed <- function(name, fit) {
  found <- NULL
  seconds <- sapply(seq_len(as.integer(arguments[2])), function(i) {
    system.time(found <<- try(fit(), silent = TRUE))[["elapsed"]]
  })
  value <- if (inherits(found, "try-error")) NA else as.numeric(logLik(found))
  cat(name, seconds, value, "\n")
}

suppressMessages({
  library(nlme)
  library(lme4, exclude = c("fixef", "ranef", "VarCorr", "lmList"))
})
timed("nlme", function() nlme(
  y ~ log(exp(la - exp(lalpha) * TIME) + exp(lb - exp(lbeta) * TIME)), data,
  fixed = la + lalpha + lb + lbeta ~ 1, random = list(ID = pdDiag(la + lbeta ~ 1)),
  start = start, method = "ML"
))
curve <- deriv(
  ~ log(exp(la - exp(lalpha) * TIME) + exp(lb - exp(lbeta) * TIME)),
  c("la", "lalpha", "lb", "lbeta"), function(TIME, la, lalpha, lb, lbeta) {}
)
timed("nlmer", function() nlmer(
  y ~ curve(TIME, la, lalpha, lb, lbeta) ~ (0 + la | ID) + (0 + lbeta | ID), data, start = start
))
