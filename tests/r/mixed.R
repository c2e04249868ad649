# Mixed models: nlme::lme, nlme::nlme and lme4::nlmer.
# Rscript mixed.R <folder with the data>, which also holds json.R

library(nlme)

folder <- commandArgs(trailingOnly = TRUE)[1]
source(file.path(folder, "json.R"))
data_of <- function(name) read.csv(file.path(folder, paste0(name, ".csv")))
mixed <- function(fixed, errors, sd, sigma, loglik) {
  list(fixed = as.list(fixed), errors = as.list(errors), sd = as.list(sd),
       sigma = sigma, loglik = as.numeric(loglik))
}
sds <- function(fit) {
  table <- VarCorr(fit)
  found <- as.numeric(table[, "StdDev"])
  setNames(found, rownames(table))
}

# Straight lines: intercept and slope differ between patients, without correlation.
lines <- data_of("lines")
straight <- function(method) {
  fit <- lme(DV ~ TIME, lines, random = list(ID = pdDiag(~ TIME)), method = method,
             control = lmeControl(opt = "optim", reltol = 1e-13, msMaxIter = 500))
  names <- c("intercept", "slope")
  mixed(setNames(fixef(fit), names), setNames(sqrt(diag(vcov(fit))), names),
        setNames(sds(fit)[1:2], names), fit$sigma, logLik(fit))
}

# C(t) = a exp(-alpha t) + b exp(-beta t); ln C has additive error; a and beta differ between
# patients, log-normal and without correlation. Everything on logarithms.
decline <- data_of("biexponential")
decline$y <- log(decline$DV)
start <- c(la = log(80), lalpha = log(1), lb = log(10), lbeta = log(0.1))
effects <- c("a", "alpha", "b", "beta")
fit <- nlme(
  y ~ log(exp(la - exp(lalpha) * TIME) + exp(lb - exp(lbeta) * TIME)), decline,
  fixed = la + lalpha + lb + lbeta ~ 1, random = list(ID = pdDiag(la + lbeta ~ 1)),
  start = start, method = "ML",
  control = nlmeControl(maxIter = 200, pnlsMaxIter = 50, msMaxIter = 500, tolerance = 1e-8,
                        pnlsTol = 1e-6)
)
by_nlme <- mixed(setNames(fixef(fit), effects), setNames(sqrt(diag(vcov(fit))), effects),
                 setNames(sds(fit)[1:2], c("a", "beta")), fit$sigma, logLik(fit))

library(lme4, exclude = c("fixef", "ranef", "VarCorr", "lmList"))
curve <- deriv(
  ~ log(exp(la - exp(lalpha) * TIME) + exp(lb - exp(lbeta) * TIME)),
  c("la", "lalpha", "lb", "lbeta"), function(TIME, la, lalpha, lb, lbeta) {}
)
fit <- nlmer(
  y ~ curve(TIME, la, lalpha, lb, lbeta) ~ (0 + la | ID) + (0 + lbeta | ID), decline,
  start = start, control = nlmerControl(optimizer = "bobyqa", tolPwrss = 1e-10,
                                        optCtrl = list(maxfun = 20000, rhoend = 1e-8))
)
table <- as.data.frame(lme4::VarCorr(fit))
errors <- sqrt(diag(as.matrix(vcov(fit))))
by_nlmer <- mixed(setNames(lme4::fixef(fit), effects), setNames(errors, effects),
                  setNames(table$sdcor[match(c("la", "lbeta"), table$var1)], c("a", "beta")),
                  sigma(fit), logLik(fit))

version <- function(package) as.character(packageVersion(package))
cat(as_json(list(
  lme_ml = straight("ML"), lme_reml = straight("REML"), nlme = by_nlme, nlmer = by_nlmer,
  versions = list(R = as.character(getRversion()), nlme = version("nlme"),
                  lme4 = version("lme4"), survival = version("survival"))
)), "\n")
